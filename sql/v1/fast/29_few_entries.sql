-- name:    few_entries
-- purpose: The entries whose hash a digest of few rows has: those alone need be compared with them.
-- params:  none
-- reads:   row_keys (shard_no integer, file_row_number bigint, kind varchar, level varchar, spelling varchar, digest varchar)
-- reads:   listed_entries (list_id integer, kind varchar, digest varchar, trait_id integer, hash ubigint)
-- writes:  few_entries (list_id integer, kind varchar, digest varchar, trait_id integer, hash ubigint)
-- writes:  near_entries (list_id integer, kind varchar, digest varchar, trait_id integer, hash ubigint)
-- nulls:   a null digest has no hash that is listed
-- order:   none
--
-- Run where the lists hold many more entries than the rows have digests: then the digests of the
-- rows are put into a table and each entry is looked for there. The lists are read once, here, and
-- not for each comparison of `30_list_hits`. Else near_entries is all entries, whose hashes are put
-- into a table for the rows.

create or replace temp table few_entries as
with row_shorts as (
    select distinct hash(r.digest) as short
    from row_keys as r
)

select
    e.list_id,
    e.kind,
    e.digest,
    e.trait_id,
    e.hash
from listed_entries as e
semi join row_shorts as s on e.hash = s.short;

create or replace temp view near_entries as
select
    f.list_id,
    f.kind,
    f.digest,
    f.trait_id,
    f.hash
from few_entries as f;
