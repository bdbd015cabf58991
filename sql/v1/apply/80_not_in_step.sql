-- name:    not_in_step
-- purpose: The rows of the old set that the shards of the same names in the new one do not have.
-- params:  none
-- reads:   identities (shard_no integer, file_row_number bigint, row_hash bigint, link_bytes integer)
-- reads:   step_hashes (row_hash bigint, link_bytes integer)
-- writes:  rows (shard_no integer, file_row_number bigint, row_hash bigint, link_bytes integer)
-- nulls:   a null hash meets no other: such a row is known by its link alone; a row without a length
--          of its link meets all of its hash, and all meet it
-- order:   shard_no, file_row_number
--
-- Where both sets are cut into shards alike, nearly all rows meet theirs here, and only the few
-- that do not are looked for in the whole of the new set. `step_hashes` is empty where they are
-- not: then all are.

create or replace temp table rows as
select
    i.shard_no,
    i.file_row_number,
    i.row_hash,
    i.link_bytes
from identities as i
anti join step_hashes as s
    on
        i.row_hash = s.row_hash
        and (i.link_bytes = s.link_bytes or i.link_bytes is null or s.link_bytes is null)
order by i.shard_no, i.file_row_number;
