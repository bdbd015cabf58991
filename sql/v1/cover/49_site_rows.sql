-- name:    site_rows
-- purpose: The rows of the sites that leave whole.
-- params:  none
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- reads:   odd_keys (url varchar, url_key varchar)
-- reads:   removed_sites (site varchar, host varchar, list_id integer)
-- writes:  list_hits (shard_no integer, file_row_number bigint, list_id integer)
-- nulls:   a row without a link stands in no site
-- order:   none
--
-- Listed sites and cover alike: nobody can tell the other rows of a listed site from cover. list_id
-- is below 0 and stands for the label that the site's rows leave for. In the shape of list_hits, so
-- that 32_hit_links and 33_hit_keys find the links of these rows.

create or replace temp table list_hits as
with hosts as (
    select distinct s.host
    from removed_sites as s
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

near as (
    select p.*
    from placed as p
    semi join hosts as h on p.host = h.host
),

places as (
    select
        n.shard_no,
        n.file_row_number,
        unnest([n.host, site_directory(n.host, n.link), site_link(n.link)]) as site
    from near as n
)

select distinct
    p.shard_no,
    p.file_row_number,
    s.list_id
from places as p
inner join removed_sites as s on p.site = s.site;
