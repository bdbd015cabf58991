-- name:    sidecar_keys
-- purpose: The link keys and row hashes under which sidecars name rows of the shards.
-- params:  none
-- reads:   sidecar_hits (list_id integer, kind varchar, digest varchar, trait_id integer, url varchar, row_hash bigint)
-- reads:   near_links (url varchar)
-- reads:   tidied_links (url varchar, tidy varchar)
-- reads:   odd_keys (url varchar, url_key varchar, host_digest varchar, names_part boolean)
-- writes:  sidecar_keys (list_id integer, kind varchar, key_kind varchar, digest varchar, host_digest varchar, entry_digest varchar, trait_id integer)
-- nulls:   host_digest is null for row hashes, and where the host is odd; trait_id where the giver
--          says nothing beside the entry
-- order:   list_id, kind, key_kind, digest, entry_digest
--
-- kind is what the list named (an image hash, entry_digest), key_kind by what the row will be known: `url`
-- (digest: SHA-256 of the link key) or `row_hash` (digest: its 16 hex digits). A link that leads
-- to no one thing names no row: `None` in a sidecar tells nothing of the `None` in a shard. So for a
-- link to part of a page (`#!`, names_part), whose key is that of the page.

create or replace temp table sidecar_keys as
with keyed as (
    select
        n.url,
        coalesce(o.url_key, link_stripped(coalesce(t.tidy, n.url))) as url_key,
        coalesce(o.names_part, false) as names_part,
        case
            when o.url is null then link_host_digest(link_host(n.url)) else o.host_digest
        end as host_digest
    from near_links as n
    left join tidied_links as t on n.url = t.url
    left join odd_keys as o on n.url = o.url
),

final as (
    select
        h.list_id,
        h.kind,
        'url' as key_kind,
        sha256(k.url_key) as digest,
        k.host_digest,
        h.digest as entry_digest,
        h.trait_id
    from sidecar_hits as h
    inner join keyed as k on h.url = k.url
    where key_can_spread(k.url_key) and not k.names_part
    union all
    select
        h.list_id,
        h.kind,
        'row_hash' as key_kind,
        lpad(lower(to_hex(h.row_hash)), 16, '0') as digest,
        null::varchar as host_digest,
        h.digest as entry_digest,
        h.trait_id
    from sidecar_hits as h
    where h.row_hash is not null
)

select distinct
    f.list_id,
    f.kind,
    f.key_kind,
    f.digest,
    f.host_digest,
    f.entry_digest,
    f.trait_id
from final as f
order by f.list_id, f.kind, f.key_kind, f.digest, f.entry_digest;
