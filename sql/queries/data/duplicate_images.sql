-- name:    duplicate_images
-- purpose: How many images stand in several rows, by what their hashes say, in all subsets.
-- params:  none
-- reads:   shard (image_md5 varchar, image_sha1 varchar, image_sha256 varchar)
-- nulls:   rows without a hash of a kind are left out of it
-- order:   kind
--
-- Hashes are the same here where they are written the same, but for the case of letters. One
-- image under many links is often a placeholder.

with digests as (
    select
        'image_md5' as kind,
        lower(s.image_md5) as digest
    from shard as s
    union all
    select
        'image_sha1' as kind,
        lower(s.image_sha1) as digest
    from shard as s
    union all
    select
        'image_sha256' as kind,
        lower(s.image_sha256) as digest
    from shard as s
),

images as (
    select
        d.kind,
        d.digest,
        count(*) as n_rows
    from digests as d
    where d.digest is not null
    group by d.kind, d.digest
)

select
    i.kind,
    sum(i.n_rows)::bigint as rows,
    count(*) as images,
    count(*) filter (where i.n_rows > 1) as images_in_several_rows,
    sum(i.n_rows - 1)::bigint as rows_too_many,
    max(i.n_rows) as most_rows_of_one
from images as i
group by i.kind
order by i.kind;
