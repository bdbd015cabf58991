-- name:    hashed_keys
-- purpose: The digests by which a list of hashed links could name a row.
-- params:  $kinds  varchar[]  the kinds that the lists hold; others are not computed
-- params:  $forms  varchar[]  the spellings that their lists allow; null allows every one
-- reads:   hashed_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- reads:   ordinary_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- reads:   spelled (url varchar, spelling varchar, text blob)
-- writes:  hashed_keys (shard_no integer, file_row_number bigint, kind varchar, level varchar, spelling varchar, digest varchar)
-- nulls:   null allows every spelling; a link has a text in each spelling
-- order:   none
--
-- Apart from row_keys, since it is run, and its macros are made, only where hashed links are
-- listed: to bind this much takes as long as to search a small shard.

create or replace temp view hashed_keys as
with spellings as (
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
    where $forms is null or list_contains($forms, s.spelling)
),

final as (
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
)

select * from final;
