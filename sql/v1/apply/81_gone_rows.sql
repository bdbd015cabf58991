-- name:    gone_rows
-- purpose: The rows of the old set whose row hash no row of the new one has.
-- params:  $by_row  boolean  whether row hashes are identities; else every row goes on to its link
-- reads:   rows (shard_no integer, file_row_number bigint, row_hash bigint)
-- reads:   new_hashes (row_hash bigint)
-- writes:  rows (shard_no integer, file_row_number bigint, row_hash bigint)
-- nulls:   a row without a row hash goes on: its link may be gone
-- order:   shard_no, file_row_number

create or replace temp table rows as
select
    r.shard_no,
    r.file_row_number,
    r.row_hash
from rows as r
where
    not $by_row
    or r.row_hash is null
    or r.row_hash not in (select n.row_hash from new_hashes as n)
order by r.shard_no, r.file_row_number;
