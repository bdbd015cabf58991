-- name:    cover_images
-- purpose: The image hashes of the rows of removed sites.
-- params:  none
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   row_digests (shard_no integer, file_row_number bigint, kind varchar, digest varchar)
-- writes:  cover_images (list_id integer, kind varchar, digest varchar)
-- nulls:   a null hash is none
-- order:   none

create or replace temp table cover_images as
select distinct
    h.list_id,
    d.kind,
    d.digest
from row_digests as d
inner join list_hits as h
    on d.shard_no = h.shard_no and d.file_row_number = h.file_row_number
where d.digest is not null;
