-- name:    sidecar_hits
-- purpose: The rows of sidecars that carry a listed image hash, with the key that leads to shards.
-- params:  none
-- reads:   sidecar_digests (url varchar, row_hash bigint, kind varchar, digest varchar)
-- reads:   store.entries (list_id integer, kind varchar, digest varchar)
-- writes:  sidecar_hits (list_id integer, kind varchar, url varchar, row_hash bigint)
-- nulls:   a null hash matches nothing; a row without its key leads nowhere
-- order:   none
--
-- Image hashes often live apart from the links, in files of billions of rows. The list meets
-- such a file first, in one scan, and only the keys that matched travel to the shards.
-- A sidecar is keyed by its link and by its row hash, where it has both: a row may lack its link
-- (its shard's stands elsewhere), or have another than the shard's, such as that of a mirror.

create or replace temp table maybe_sidecar_hits as
with short_list as (
    select hash(e.digest) as short
    from store.entries as e
    where starts_with(e.kind, 'image_')
)

select
    i.url,
    i.row_hash,
    i.kind,
    i.digest
from sidecar_digests as i
semi join short_list as l on hash(i.digest) = l.short;

create or replace temp table sidecar_hits as
select distinct
    e.list_id,
    m.kind,
    m.url,
    m.row_hash
from maybe_sidecar_hits as m
inner join store.entries as e
    on m.digest = e.digest and m.kind = e.kind
where m.url is not null or m.row_hash is not null;
