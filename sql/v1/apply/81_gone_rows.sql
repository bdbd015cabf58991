-- name:    gone_rows
-- purpose: The rows of the old set whose row hash no row of the new one has with a link as long.
-- params:  $by_row  boolean  whether row hashes are identities; else every row goes on to its link
-- reads:   rows (shard_no integer, file_row_number bigint, row_hash bigint, link_bytes integer)
-- reads:   new_hashes (row_hash bigint, link_bytes integer)
-- writes:  rows (shard_no integer, file_row_number bigint, row_hash bigint, link_bytes integer, is_shared boolean)
-- nulls:   a row without a row hash goes on: its link may be gone; a row without a length of its link
--          meets all of its hash, and all meet it
-- order:   shard_no, file_row_number
--
-- `is_shared` is of a row whose hash another row of the new set still has, with another link
-- (`70_identities`).

create or replace temp table rows as
with here as (
    select distinct
        n.row_hash,
        n.link_bytes
    from new_hashes as n
    where $by_row
)

select
    r.shard_no,
    r.file_row_number,
    r.row_hash,
    r.link_bytes,
    coalesce(r.row_hash in (select s.row_hash from here as s), false) as is_shared
from rows as r
anti join here as h
    on
        r.row_hash = h.row_hash
        and (r.link_bytes = h.link_bytes or r.link_bytes is null or h.link_bytes is null)
order by r.shard_no, r.file_row_number;
