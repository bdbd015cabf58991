-- name:    row_keys
-- purpose: Every digest by which a row could be on a list.
-- params:  $kinds  varchar[]  the kinds that the lists hold; others are not computed
-- params:  $has_hashed  boolean  whether hashed links are among them
-- params:  $forms  varchar[]  the spellings that their lists allow; null allows every one
-- reads:   shard (shard_no integer, file_row_number bigint, row_hash bigint)
-- reads:   row_digests (shard_no integer, file_row_number bigint, kind varchar, digest varchar)
-- reads:   row_hashes (shard_no integer, file_row_number bigint, row_hash bigint)
-- reads:   link_keys (shard_no integer, file_row_number bigint, level varchar, url_key varchar)
-- reads:   hashed_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- reads:   ordinary_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- reads:   spelled (url varchar, spelling varchar, text blob)
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

spellings as (
    select
        o.shard_no,
        o.file_row_number,
        o.level,
        o.spelling,
        encode(o.text) as text
    from link_spellings('ordinary_links') as o
    union all
    select
        h.shard_no,
        h.file_row_number,
        h.level,
        p.spelling,
        p.text
    from hashed_links as h
    inner join spelled as p on h.url = p.url
),

wanted_spellings as (
    select
        s.shard_no,
        s.file_row_number,
        s.level,
        s.spelling,
        s.text
    from spellings as s
    where $has_hashed and ($forms is null or list_contains($forms, s.spelling))
),

hashed_keys as (
    select
        w.shard_no,
        w.file_row_number,
        'url_md5' as kind,
        w.level,
        w.spelling,
        md5(w.text) as digest
    from wanted_spellings as w
    where list_contains($kinds, 'url_md5')
    union all
    select
        w.shard_no,
        w.file_row_number,
        'url_sha1' as kind,
        w.level,
        w.spelling,
        sha1(w.text) as digest
    from wanted_spellings as w
    where list_contains($kinds, 'url_sha1')
    union all
    select
        w.shard_no,
        w.file_row_number,
        'url_sha256' as kind,
        w.level,
        w.spelling,
        sha256(w.text) as digest
    from wanted_spellings as w
    where list_contains($kinds, 'url_sha256')
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
