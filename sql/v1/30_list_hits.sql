-- name:    list_hits
-- purpose: The rows that a list names, once for each list, kind, level and spelling.
-- params:  $good_wins  boolean  what another list calls known good is not listed
-- reads:   row_keys (shard_no integer, file_row_number bigint, kind varchar, level varchar, spelling varchar, digest varchar)
-- reads:   near_entries (list_id integer, kind varchar, digest varchar, trait_id integer, hash ubigint)
-- reads:   store.traits (trait_id integer, severity varchar, media varchar, first_seen varchar, last_seen varchar, confidence varchar, given_by varchar)
-- reads:   store.lists (list_id integer, forms varchar[], role varchar)
-- reads:   sidecar_keys (list_id integer, kind varchar, key_kind varchar, digest varchar, entry_digest varchar, trait_id integer)
-- writes:  known_good (kind varchar, digest varchar)
-- writes:  list_hits (shard_no integer, file_row_number bigint, list_id integer, kind varchar, level varchar, spelling varchar)
-- writes:  hit_traits (shard_no integer, file_row_number bigint, list_id integer, kind varchar, severity varchar, media varchar, first_seen varchar, last_seen varchar, confidence varchar, given_by varchar)
-- writes:  hit_entries (list_id integer, kind varchar, digest varchar)
-- nulls:   a null digest matches nothing; a list without forms allows every spelling; what a giver
--          does not say beside an entry is null, and there is no line where he says nothing
-- order:   shard_no, file_row_number, list_id, kind, level, spelling
--
-- Two steps, one scan: a 64-bit hash of each digest meets the whole list (a small table to
-- build and to probe), and the few rows that pass are compared exactly. `hash()` may differ
-- between DuckDB versions: those of `near_entries` are of the one that runs this. It is all entries,
-- or those that `fast/29_few_entries` leaves.
-- A list of what is known good names no row. What stands on such a list and on another one too is
-- listed, unless the curator lets the good win.
-- A row that a sidecar names counts for the kind of the sidecar's image hash.
-- What the giver says beside an entry (hit_traits) is for editions of one's own.
-- Which entries these were (hit_entries) is for the givers alone (`lists/60_hit_records`).

create or replace temp table maybe_hits as
with all_shorts as (
    select coalesce(e.hash, 0) as short
    from near_entries as e
    union all
    select hash(k.digest) as short
    from sidecar_keys as k
),

-- Nothing is null here, which DuckDB knows of a column as it is stored, and not of `coalesce`;
-- then each of these makes it expect a fifth of the rows. So it hashes the
-- list, eight bytes an entry, and not the rows of the shards, of which it would keep every column.
some_shorts as (
    select a.short from all_shorts as a
    where a.short is not null
),

fewer_shorts as (
    select s.short from some_shorts as s
    where s.short is not null
),

short_list as (
    select f.short from fewer_shorts as f
    where f.short is not null
)

select
    r.shard_no,
    r.file_row_number,
    r.kind,
    r.level,
    r.spelling,
    r.digest
from row_keys as r
semi join short_list as l on hash(r.digest) = l.short;

create or replace temp table known_good as
select distinct
    e.kind,
    e.digest
from near_entries as e
semi join maybe_hits as m on e.digest = m.digest and e.kind = m.kind
inner join store.lists as l on e.list_id = l.list_id
where $good_wins and l.role = 'good';

create or replace temp table entry_hits as
with by_entry as (
    select
        m.shard_no,
        m.file_row_number,
        e.list_id,
        m.kind,
        m.level,
        m.spelling,
        m.digest,
        e.trait_id
    from maybe_hits as m
    inner join near_entries as e
        on m.digest = e.digest and m.kind = e.kind
    inner join store.lists as l on e.list_id = l.list_id
    anti join known_good as g on m.digest = g.digest and m.kind = g.kind
    where
        l.role = 'bad'
        and (
            not starts_with(m.kind, 'url_') or m.kind = 'url_prefix'
            or l.forms is null
            or list_contains(l.forms, m.spelling)
        )
),

by_sidecar as (
    select
        m.shard_no,
        m.file_row_number,
        k.list_id,
        k.kind,
        'own' as level,
        'sidecar' as spelling,
        k.entry_digest as digest,
        k.trait_id
    from maybe_hits as m
    inner join sidecar_keys as k
        on m.digest = k.digest and m.kind = k.key_kind
    where m.level = 'own' and (m.spelling is null or m.spelling in ('canonical', 'computed'))
)

select * from by_entry
union all
select * from by_sidecar;

create or replace temp table list_hits as
select distinct
    h.shard_no,
    h.file_row_number,
    h.list_id,
    h.kind,
    h.level,
    h.spelling
from entry_hits as h
order by h.shard_no, h.file_row_number, h.list_id, h.kind, h.level, h.spelling;

create or replace temp table hit_traits as
select distinct
    h.shard_no,
    h.file_row_number,
    h.list_id,
    h.kind,
    t.severity,
    t.media,
    t.first_seen,
    t.last_seen,
    t.confidence,
    t.given_by
from entry_hits as h
inner join store.traits as t on h.trait_id = t.trait_id;

create or replace temp table hit_entries as
select distinct
    h.list_id,
    h.kind,
    h.digest
from entry_hits as h;
