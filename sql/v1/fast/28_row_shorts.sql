-- name:    row_shorts
-- purpose: The hashes of the digests of few rows, for `29_few_entries`.
-- params:  none
-- reads:   row_keys (digest varchar)
-- writes:  row_shorts (short ubigint)
-- nulls:   a null digest has no hash that is listed
-- order:   none
--
-- A table of its own, for it reads shards, of which no bound is believed.

create or replace temp table row_shorts as
select distinct hash(r.digest) as short
from row_keys as r;
