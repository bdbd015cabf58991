-- name:    joined_sites
-- purpose: The listed images, and listed links, that stand on several listed sites, with these.
-- params:  $image_rows  bigint  an image of more rows is a placeholder, and joins nothing
-- reads:   listed_out (site varchar, host varchar, list_id integer)
-- reads:   site_images (list_id integer, kind varchar, digest varchar)
-- reads:   site_keys (list_id integer, digest varchar)
-- reads:   shown_images (shard_no integer, file_row_number bigint, kind varchar, digest varchar)
-- writes:  joined_things (site varchar, kind varchar, digest varchar)
-- nulls:   none
-- order:   none
--
-- All sites with a listed image are listed, so all leave whole. Of what a neutral site shows, single
-- rows leave elsewhere, never the sites. So sites that are gone whole and share an image are listed
-- more often than others, however many neutral sites leave alone: a joined site is weak, unless
-- neutral sites leave that share something, too (91_groups).
-- An image or a link is listed where a listed row has it; 57_removed_sites and 67_rows_by_site say
-- what list_id means. shown_images has the rows of shards and, below 0, those of sidecars.

create or replace temp table joined_things as
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
)

select distinct
    l.site,
    c.kind,
    c.digest
from carried as c
semi join shared as s on c.kind = s.kind and c.digest = s.digest
inner join listed_out as l on c.list_id // 2 * 2 = l.list_id;
