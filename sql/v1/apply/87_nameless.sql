-- name:    nameless
-- purpose: How many rows of the new set have no identity, as some that left the old one may have been.
-- params:  $by_row  boolean  whether row hashes are identities
-- reads:   rows (shard_no integer, file_row_number bigint, row_hash bigint)
-- reads:   link_ids (shard_no integer, file_row_number bigint)
-- writes:  nameless (n_rows bigint)
-- nulls:   a row with neither a row hash nor a link that is an identity counts
-- order:   none
--
-- Nothing tells such rows apart, so of those that the old set has only as many are known to have left
-- as the new one has fewer.

create or replace temp table nameless as
select count(*) as n_rows
from rows as r
anti join link_ids as i
    on r.shard_no = i.shard_no and r.file_row_number = i.file_row_number
where not $by_row or r.row_hash is null;
