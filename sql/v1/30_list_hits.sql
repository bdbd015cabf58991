-- name:    list_hits
-- purpose: The rows that a list names, once for each list, kind and form.
-- params:  none
-- reads:   row_keys (shard_no integer, file_row_number bigint, kind varchar, form varchar, digest varchar)
-- reads:   store.entries (list_id integer, kind varchar, digest varchar)
-- writes:  list_hits (shard_no integer, file_row_number bigint, list_id integer, kind varchar, form varchar)
-- nulls:   a null digest matches nothing
-- order:   shard_no, file_row_number, list_id, kind, form
--
-- Two steps, one scan: a 64-bit hash of each digest meets the whole list (a small table to
-- build and to probe), and the few rows that pass are compared exactly. `hash()` may differ
-- between DuckDB versions, so both sides are hashed here, in the same run, and never kept.

create or replace temp table maybe_hits as
with short_list as (
    select hash(e.digest) as short
    from store.entries as e
)

select
    r.shard_no,
    r.file_row_number,
    r.kind,
    r.form,
    r.digest
from row_keys as r
semi join short_list as l on hash(r.digest) = l.short;

create or replace temp table list_hits as
select distinct
    m.shard_no,
    m.file_row_number,
    e.list_id,
    m.kind,
    m.form
from maybe_hits as m
inner join store.entries as e
    on m.digest = e.digest and m.kind = e.kind
order by m.shard_no, m.file_row_number, e.list_id, m.kind, m.form;
