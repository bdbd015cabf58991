-- name:    hashless_rows
-- purpose: Every row, where row hashes are no identities: none is read, and none computed.
-- params:  none
-- reads:   shard (shard_no integer, file_row_number bigint)
-- writes:  identities (shard_no integer, file_row_number bigint, others bigint[], row_hash bigint, link_bytes integer, is_weak boolean, doubt tinyint)
-- nulls:   row_hash, link_bytes and others are null
-- order:   none
--
-- In the shape of `70_identities`: links alone tell what becomes of these rows.

create or replace temp view identities as
select
    s.shard_no,
    s.file_row_number,
    null::bigint[] as others,
    null::bigint as row_hash,
    null::integer as link_bytes,
    false as is_weak,
    0::tinyint as doubt
from shard as s;
