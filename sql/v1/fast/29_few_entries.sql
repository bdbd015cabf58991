-- name:    few_entries
-- purpose: The entries whose hash a digest of few rows has: those alone need be compared with them.
-- params:  none
-- reads:   row_shorts (short ubigint)
-- reads:   listed_entries (list_id integer, kind varchar, digest varchar, trait_id integer, hash ubigint, place bigint)
-- writes:  few_places (place bigint)
-- writes:  few_entries (list_id integer, kind varchar, digest varchar, trait_id integer, hash ubigint)
-- writes:  near_entries (list_id integer, kind varchar, digest varchar, trait_id integer, hash ubigint)
-- nulls:   as `28_row_shorts` has it
-- order:   none
--
-- Run where the lists hold many more entries than the rows have digests: then the digests of the
-- rows are put into a table and the hash of each entry is looked for there. Of the entries that are
-- found, by their place in the store, all is read; of the others nothing but the hash. The lists
-- are read once, here, and not for each comparison of `30_list_hits`. Else near_entries is all
-- entries, whose hashes are put into a table for the rows.

create or replace temp table few_places as
select distinct e.place
from listed_entries as e
semi join row_shorts as s on e.hash = s.short;

create or replace temp table few_entries as
select
    e.list_id,
    e.kind,
    e.digest,
    e.trait_id,
    e.hash
from listed_entries as e
semi join few_places as p on e.place = p.place;

create or replace temp view near_entries as
select
    f.list_id,
    f.kind,
    f.digest,
    f.trait_id,
    f.hash
from few_entries as f;
