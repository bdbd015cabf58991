-- name:    row_keys
-- purpose: Every digest by which a row could be on a list.
-- params:  $kinds  varchar[]  the kinds that the lists hold; others are not computed
-- reads:   shard (shard_no integer, file_row_number bigint, row_hash bigint)
-- reads:   row_digests (shard_no integer, file_row_number bigint, kind varchar, digest varchar)
-- reads:   row_hashes (shard_no integer, file_row_number bigint, row_hash bigint)
-- reads:   link_keys (shard_no integer, file_row_number bigint, level varchar, url_key varchar)
-- reads:   hashed_keys (shard_no integer, file_row_number bigint, kind varchar, level varchar, spelling varchar, digest varchar)
-- writes:  row_keys (shard_no integer, file_row_number bigint, kind varchar, level varchar, spelling varchar, digest varchar)
-- nulls:   a null hash or link gives no row here, so it can match nothing
-- order:   none
--
-- level says whose link was compared: the row's `own`, or one `inner` to it. spelling says what
-- was: of a row's link its key (`canonical`), of a hashed link the spelling that was hashed, of a
-- row hash whether it was `computed`; null where there is but one. Digests are lower-case hex.

create or replace temp view row_keys as
with hash_keys as (
    select
        d.shard_no,
        d.file_row_number,
        d.kind,
        'own' as level,
        null::varchar as spelling,
        d.digest
    from row_digests as d
    where d.digest is not null
    union all
    select
        s.shard_no,
        s.file_row_number,
        'row_hash' as kind,
        'own' as level,
        null::varchar as spelling,
        lpad(lower(to_hex(s.row_hash)), 16, '0') as digest
    from shard as s
    where list_contains($kinds, 'row_hash') and s.row_hash is not null
    union all
    select
        c.shard_no,
        c.file_row_number,
        'row_hash' as kind,
        'own' as level,
        'computed' as spelling,
        lpad(lower(to_hex(c.row_hash)), 16, '0') as digest
    from row_hashes as c
    where list_contains($kinds, 'row_hash')
),

plain_keys as (
    select
        k.shard_no,
        k.file_row_number,
        'url' as kind,
        k.level,
        case when k.level = 'own' then 'canonical' end as spelling,
        sha256(k.url_key) as digest
    from link_keys as k
    where list_contains($kinds, 'url')
),

scope_texts as (
    select
        k.shard_no,
        k.file_row_number,
        'host' as kind,
        k.level,
        unnest(key_host_patterns(k.url_key)) as entry
    from link_keys as k
    where list_contains($kinds, 'host')
    union all
    select
        k.shard_no,
        k.file_row_number,
        'url_prefix' as kind,
        k.level,
        unnest(key_prefixes(k.url_key)) as entry
    from link_keys as k
    where list_contains($kinds, 'url_prefix')
),

scope_keys as (
    select
        t.shard_no,
        t.file_row_number,
        t.kind,
        t.level,
        null::varchar as spelling,
        sha256(t.entry) as digest
    from scope_texts as t
),

final as (
    select * from hash_keys
    union all
    select * from plain_keys
    union all
    select * from scope_keys
    union all
    select * from hashed_keys
)

select * from final;
