-- name:    few_hashes
-- purpose: The hashes of listed digests that few rows have: those alone need be compared with them.
-- params:  none
-- reads:   row_keys (shard_no integer, file_row_number bigint, kind varchar, level varchar, spelling varchar, digest varchar)
-- reads:   listed_hashes (kind varchar, hash ubigint)
-- writes:  few_hashes (hash ubigint)
-- writes:  near_hashes (hash ubigint)
-- nulls:   a null digest has no hash that is listed
-- order:   none
--
-- Run where the lists hold many more entries than the rows have digests: then the digests of the
-- rows are put into a table and each entry is looked for there, which is read once and kept
-- nowhere. Else near_hashes is all of listed_hashes, which is put into a table for the rows.

create or replace temp table few_hashes as
with row_shorts as (
    select distinct hash(r.digest) as short
    from row_keys as r
)

select e.hash
from listed_hashes as e
semi join row_shorts as s on e.hash = s.short;

create or replace temp view near_hashes as
select f.hash from few_hashes as f;
