-- name:    identities
-- purpose: The row hash of every row: its own, or the one computed where it has none.
-- params:  none
-- reads:   shard (shard_no integer, file_row_number bigint, row_hash bigint)
-- reads:   row_hashes (shard_no integer, file_row_number bigint, row_hash bigint)
-- writes:  identities (shard_no integer, file_row_number bigint, row_hash bigint)
-- nulls:   row_hash is null where a row has none and none can be computed: it meets no other
-- order:   none
--
-- LAION's row hash is the identity of a link with its caption, whatever the layout. Python
-- computes it (row_hashes) for rows without one that have a link, where their shard has a column of
-- captions: of a caption alone, or a link alone, it would meet no other and say that a row is known.

create or replace temp view identities as
select
    s.shard_no,
    s.file_row_number,
    coalesce(s.row_hash, c.row_hash) as row_hash
from shard as s
left join row_hashes as c
    on s.shard_no = c.shard_no and s.file_row_number = c.file_row_number;
