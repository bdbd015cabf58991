-- name:    beside_things
-- purpose: How many rows of sidecars show each image of each site.
-- params:  none
-- reads:   shard (shard_no integer, file_row_number bigint, row_hash bigint)
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- reads:   row_digests (shard_no integer, file_row_number bigint, kind varchar, digest varchar)
-- reads:   sited_keys (key ubigint, site varchar)
-- writes:  shown_things (thing ubigint, site varchar, n_rows bigint)
-- nulls:   site is null for what names no row of an able site
-- order:   none
--
-- In the shape of 90_shown_things. An image of a row that is not met, be it that the data set lacks
-- it, or spells its link otherwise, stands elsewhere: it makes no team.

create or replace temp table shown_things as
with keyed as (
    select
        s.shard_no,
        s.file_row_number,
        hash(s.row_hash) as key
    from shard as s
    where s.row_hash is not null
    union all
    select
        l.shard_no,
        l.file_row_number,
        hash(link_unprefixed(l.url)) as key
    from row_links as l
    where l.url is not null
),

located as (
    select distinct
        k.shard_no,
        k.file_row_number,
        s.site
    from keyed as k
    left join sited_keys as s on k.key = s.key
),

carried as (
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
left join located as l
    on c.shard_no = l.shard_no and c.file_row_number = l.file_row_number
group by all;
