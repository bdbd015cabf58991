-- name:    joined_sites
-- purpose: The listed sites that share a listed image, or a listed link, with another listed one.
-- params:  $image_rows  bigint  an image of more rows is a placeholder, and joins nothing
-- reads:   listed_out (site varchar, host varchar, list_id integer, is_short boolean)
-- reads:   site_images (list_id integer, kind varchar, digest varchar)
-- reads:   site_keys (list_id integer, digest varchar)
-- reads:   shown_images (shard_no integer, file_row_number bigint, kind varchar, digest varchar)
-- writes:  joined_sites (list_id integer, is_short boolean)
-- writes:  joined_cost (n_joined bigint, n_more_weak bigint)
-- nulls:   none
-- order:   list_id
--
-- All sites with a listed image are listed, so all leave whole. Of what a neutral site shows, single
-- rows leave elsewhere, never the sites. So sites that are gone whole and share an image are listed
-- more often than others, however much cover there is: a joined site is weak.
-- An image or a link is listed where a listed row has it; 57_removed_sites and 67_rows_by_site say
-- what list_id means. shown_images has the rows of shards and, below 0, those of sidecars.

create or replace temp table joined_sites as
with placeholders as (
    select
        i.kind,
        i.digest,
        i.shard_no < 0 as is_beside
    from shown_images as i
    group by all
    having count(distinct row(i.shard_no, i.file_row_number)) > $image_rows
),

carried as (
    select
        i.list_id,
        i.kind,
        i.digest
    from site_images as i
    anti join placeholders as p on i.kind = p.kind and i.digest = p.digest
    union all
    select
        k.list_id,
        'link' as kind,
        k.digest
    from site_keys as k
),

shared as (
    select
        c.kind,
        c.digest
    from carried as c
    group by all
    having count(distinct c.list_id // 2) > 1 and bool_or(c.list_id % 2 = 1)
),

joined as (
    select distinct c.list_id // 2 * 2 as list_id
    from carried as c
    semi join shared as s on c.kind = s.kind and c.digest = s.digest
)

select
    l.list_id,
    l.is_short
from listed_out as l
semi join joined as j on l.list_id = j.list_id
order by l.list_id;

create or replace temp table joined_cost as
select
    count(*) as n_joined,
    count(*) filter (where not j.is_short) as n_more_weak
from joined_sites as j;
