-- name:    same_images
-- purpose: The rows that carry an image hash of a row of a removed site.
-- params:  none
-- reads:   row_digests (shard_no integer, file_row_number bigint, kind varchar, digest varchar)
-- reads:   cover_images (list_id integer, kind varchar, digest varchar)
-- writes:  same_images (shard_no integer, file_row_number bigint, list_id integer, kind varchar, digest varchar)
-- nulls:   a null hash is none
-- order:   none
--
-- An image whose other links stand would mark its site as cover: who looks for listed images finds
-- all of them gone. Rows of the sites themselves are among these, to be counted (54_cover_hits).

create or replace temp table same_images as
select distinct
    d.shard_no,
    d.file_row_number,
    i.list_id,
    d.kind,
    d.digest
from row_digests as d
inner join cover_images as i on d.kind = i.kind and d.digest = i.digest
where d.digest is not null;
