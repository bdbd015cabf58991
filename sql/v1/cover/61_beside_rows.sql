-- name:    beside_rows
-- purpose: The rows of sidecars that carry an image hash of a row of a removed site.
-- params:  $image_rows  bigint  an image of more rows is a placeholder, and leads nowhere
-- reads:   same_images (shard_no integer, file_row_number bigint, list_id integer, kind varchar, digest varchar)
-- writes:  list_hits (shard_no integer, file_row_number bigint, list_id integer)
-- nulls:   none
-- order:   none
--
-- In the shape of list_hits, so that 32_hit_links and 33_hit_keys find their links: rows of shards
-- with these show the same image.

create or replace temp table list_hits as
with placeholders as (
    select
        i.kind,
        i.digest
    from same_images as i
    group by all
    having count(distinct row(i.shard_no, i.file_row_number)) > $image_rows
)

select distinct
    i.shard_no,
    i.file_row_number,
    i.list_id
from same_images as i
anti join placeholders as p on i.kind = p.kind and i.digest = p.digest;
