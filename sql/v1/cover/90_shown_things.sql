-- name:    shown_things
-- purpose: How many rows of each site show each image.
-- params:  none
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- reads:   row_digests (shard_no integer, file_row_number bigint, kind varchar, digest varchar)
-- reads:   odd_keys (url varchar, url_key varchar)
-- reads:   able_sites (site varchar, host varchar)
-- writes:  sited_rows (shard_no integer, file_row_number bigint, site varchar)
-- writes:  shown_things (thing ubigint, site varchar, n_rows bigint)
-- nulls:   site is null for rows that stand in no able site, and for rows without a link
-- order:   none
--
-- Run where listed sites were found to share images. able_sites are those that could leave as cover,
-- and the listed ones. An image is told by 64 bits: two that have the same at most spoil a choice.
-- `hash()` is equal within this run, which is enough.

create or replace temp table sited_rows as
with split as (
    select distinct a.host
    from able_sites as a
    where a.site <> a.host
),

hosted as (
    select
        l.shard_no,
        l.file_row_number,
        l.url,
        link_host(l.url) as plain
    from row_links as l
    where l.url is not null
),

placed as (
    select
        r.shard_no,
        r.file_row_number,
        site_host(r.plain, o.url_key) as host,
        site_text(r.url, o.url_key) as link
    from hosted as r
    left join odd_keys as o on case when site_is_odd(r.plain) then r.url end = o.url
),

parted as (
    select
        p.*,
        case when s.host is not null then site_directory(p.host, p.link) end as directory,
        case when s.host is not null then site_link(p.link) end as place
    from placed as p
    left join split as s on p.host = s.host
)

select distinct
    p.shard_no,
    p.file_row_number,
    coalesce(w.site, d.site, k.site) as site
from parted as p
left join able_sites as w on p.host = w.site
left join able_sites as d on p.directory = d.site
left join able_sites as k on p.place = k.site;

create or replace temp table shown_things as
with carried as (
    select distinct
        d.shard_no,
        d.file_row_number,
        hash(d.kind, d.digest) as thing
    from row_digests as d
    where d.digest is not null
)

select
    c.thing,
    l.site,
    count(*) as n_rows
from carried as c
left join sited_rows as l
    on c.shard_no = l.shard_no and c.file_row_number = l.file_row_number
group by all;
