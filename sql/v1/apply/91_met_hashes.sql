-- name:    met_hashes
-- purpose: Those of the row hashes looked for that stand in these shards, whatever link has them.
-- params:  none
-- reads:   identities (row_hash bigint)
-- reads:   wanted_hashes (row_hash bigint)
-- writes:  met_hashes (row_hash bigint)
-- nulls:   a null hash meets no other
-- order:   none
--
-- Where few of them stand there, `71_known_hashes` is asked for these alone: for none at all no link
-- has to be read.

create or replace temp table met_hashes as
select distinct i.row_hash
from identities as i
semi join wanted_hashes as w on i.row_hash = w.row_hash;
