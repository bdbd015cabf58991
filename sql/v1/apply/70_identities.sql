-- name:    identities
-- purpose: The row hash of every row: its own, or the one computed where it has none.
-- params:  none
-- reads:   shard (shard_no integer, file_row_number bigint, row_hash bigint, url varchar)
-- reads:   row_hashes (shard_no integer, file_row_number bigint, row_hash bigint)
-- writes:  identities (shard_no integer, file_row_number bigint, row_hash bigint, is_weak boolean)
-- nulls:   row_hash is null where a row has none and none can be computed: it meets no other
-- order:   none
--
-- LAION's row hash is the identity of a link with its caption, whatever the layout. Python
-- computes it (row_hashes) for rows without one, where their shard has a column of links and one of
-- captions. Of a row without a link it is weak: that of its caption alone, by which it may be met
-- in a set that has it, and not known to be absent from one that has not.

create or replace temp view identities as
select
    s.shard_no,
    s.file_row_number,
    coalesce(s.row_hash, c.row_hash) as row_hash,
    s.row_hash is null and coalesce(s.url, '') = '' as is_weak
from shard as s
left join row_hashes as c
    on s.shard_no = c.shard_no and s.file_row_number = c.file_row_number;
