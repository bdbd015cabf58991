-- name:    row_keys
-- purpose: Every digest by which a row could be on a list.
-- params:  $kinds  varchar[]  the kinds that the lists hold; others are not computed
-- reads:   shard (shard_no integer, file_row_number bigint, url varchar, image_md5 varchar, image_sha1 varchar, image_sha256 varchar)
-- reads:   near_links (shard_no integer, file_row_number bigint, url varchar)
-- reads:   odd_keys (url varchar, url_key varchar, host_digest varchar)
-- writes:  row_keys (shard_no integer, file_row_number bigint, kind varchar, form varchar, digest varchar)
-- nulls:   a null hash or link gives no row here, so it can match nothing
-- order:   none
--
-- form says which spelling of the link was hashed: `canonical` (the link key), `raw` (the
-- link as the row has it); image hashes have none. Digests are lower-case hex.

create or replace temp view row_keys as
with image_keys as (
    select
        s.shard_no,
        s.file_row_number,
        'image_md5' as kind,
        lower(s.image_md5) as digest
    from shard as s
    where list_contains($kinds, 'image_md5') and s.image_md5 is not null
    union all
    select
        s.shard_no,
        s.file_row_number,
        'image_sha1' as kind,
        lower(s.image_sha1) as digest
    from shard as s
    where list_contains($kinds, 'image_sha1') and s.image_sha1 is not null
    union all
    select
        s.shard_no,
        s.file_row_number,
        'image_sha256' as kind,
        lower(s.image_sha256) as digest
    from shard as s
    where list_contains($kinds, 'image_sha256') and s.image_sha256 is not null
),

link_keys as (
    select
        n.shard_no,
        n.file_row_number,
        'url' as kind,
        sha256(coalesce(o.url_key, link_stripped(n.url))) as digest
    from near_links as n
    left join odd_keys as o on n.url = o.url
),

raw_links as (
    select
        s.shard_no,
        s.file_row_number,
        'url_md5' as kind,
        md5(s.url) as digest
    from shard as s
    where list_contains($kinds, 'url_md5') and s.url is not null
    union all
    select
        s.shard_no,
        s.file_row_number,
        'url_sha1' as kind,
        sha1(s.url) as digest
    from shard as s
    where list_contains($kinds, 'url_sha1') and s.url is not null
    union all
    select
        s.shard_no,
        s.file_row_number,
        'url_sha256' as kind,
        sha256(s.url) as digest
    from shard as s
    where list_contains($kinds, 'url_sha256') and s.url is not null
),

final as (
    select
        i.shard_no,
        i.file_row_number,
        i.kind,
        null::varchar as form,
        i.digest
    from image_keys as i
    union all
    select
        k.shard_no,
        k.file_row_number,
        k.kind,
        'canonical' as form,
        k.digest
    from link_keys as k
    union all
    select
        r.shard_no,
        r.file_row_number,
        r.kind,
        'raw' as form,
        r.digest
    from raw_links as r
)

select * from final;
