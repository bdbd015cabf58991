-- name:    sidecar_hits
-- purpose: The rows of sidecars that carry a listed image hash, and the values there that are none.
-- params:  $good_wins  boolean  what another list calls known good is not listed
-- reads:   sidecar_digests (url varchar, row_hash bigint, kind varchar, digest varchar)
-- reads:   sidecar_no_digests (shard_no integer, kind varchar, column_name varchar, is_odd boolean)
-- reads:   listed_entries (kind varchar, hash ubigint)
-- reads:   store.entries (list_id integer, kind varchar, digest varchar, trait_id integer)
-- reads:   store.lists (list_id integer, role varchar)
-- writes:  known_good (kind varchar, digest varchar)
-- writes:  sidecar_hits (list_id integer, kind varchar, digest varchar, trait_id integer, url varchar, row_hash bigint)
-- writes:  near_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- writes:  unread_beside (shard_no integer, role varchar, column_name varchar, n_values bigint)
-- nulls:   a null hash matches nothing; a row without its key leads nowhere; null and empty values
--          are no wrong ones, and not odd in `sidecar_no_digests`
-- order:   none
--
-- Image hashes often live apart from the links, in files of billions of rows. The list meets
-- such a file first, in one scan, and only the keys that matched travel to the shards.
-- A sidecar is keyed by its link and by its row hash, where it has both: a row may lack its link
-- (its shard's stands elsewhere), or have another than the shard's, such as that of a mirror.
-- The links of these rows are keyed as those of shards are (near_links), though they stand in none.
-- Nothing can be said of what a value that is no digest stands for, so it is told, as it is of
-- shards. Each such value counts once, however many links its row has. The numbers of sidecars are
-- negative.

create or replace temp table maybe_sidecar_hits as
with all_shorts as (
    select coalesce(e.hash, 0) as short
    from listed_entries as e
    where starts_with(e.kind, 'image_')
),

-- As in `30_list_hits`: the list is hashed, not the sidecar, however many rows that has.
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
    i.url,
    i.row_hash,
    i.kind,
    i.digest
from sidecar_digests as i
semi join short_list as l on hash(i.digest) = l.short;

create or replace temp table known_good as
select distinct
    e.kind,
    e.digest
from store.entries as e
semi join maybe_sidecar_hits as m on e.digest = m.digest and e.kind = m.kind
inner join store.lists as l on e.list_id = l.list_id
where $good_wins and l.role = 'good';

create or replace temp table sidecar_hits as
select distinct
    e.list_id,
    m.kind,
    m.digest,
    e.trait_id,
    m.url,
    m.row_hash
from maybe_sidecar_hits as m
inner join store.entries as e
    on m.digest = e.digest and m.kind = e.kind
inner join store.lists as l on e.list_id = l.list_id
anti join known_good as g on m.digest = g.digest and m.kind = g.kind
where l.role = 'bad' and (m.url is not null or m.row_hash is not null);

create or replace temp table near_links as
select distinct
    null::integer as shard_no,
    null::bigint as file_row_number,
    h.url,
    'own' as level
from sidecar_hits as h
where h.url is not null;

create or replace temp table unread_beside as
select
    v.shard_no,
    v.kind as role,
    v.column_name,
    count(*) as n_values
from sidecar_no_digests as v
where v.is_odd
group by all;
