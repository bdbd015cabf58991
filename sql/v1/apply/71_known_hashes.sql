-- name:    known_hashes
-- purpose: Those of the row hashes looked for that stand in these shards.
-- params:  none
-- reads:   identities (row_hash bigint)
-- reads:   wanted_hashes (row_hash bigint)
-- writes:  known_hashes (row_hash bigint)
-- nulls:   a null hash meets no other
-- order:   none

create or replace temp table known_hashes as
select distinct i.row_hash
from identities as i
semi join wanted_hashes as w on i.row_hash = w.row_hash;
