-- name:    sidecar_reach
-- purpose: For how many rows of a sample a sidecar holds image hashes: an estimate of coverage.
-- params:  none
-- reads:   sampled (subset varchar, sample_no bigint, url varchar, row_hash bigint)
-- reads:   sidecar_digests (url varchar, row_hash bigint, kind varchar, digest varchar)
-- writes:  sidecar_reach (subset varchar, role varchar, sampled bigint, reached bigint)
-- nulls:   a row without link and row hash is not reached; a null hash reaches nothing
-- order:   subset, role
--
-- Links are compared as they stand, but for the scheme and for capital letters: the link keys of
-- billions of sidecar rows would cost more than the search itself. So the estimate may be a little
-- off. Texts that are no link (``, `None`) and hosts alone reach nothing: no row is named by these
-- (12_sidecar_keys).

create or replace temp table sidecar_reach as
with links as (
    select
        s.subset,
        s.sample_no,
        regexp_replace(lower(s.url), '^https?:', '') as bare_url
    from sampled as s
    where regexp_matches(s.url, '://[^/?#]*[.:][^/?#]*[/?].')
),

beside as (
    select
        l.subset,
        l.sample_no,
        c.kind
    from sidecar_digests as c
    inner join links as l
        on
            l.bare_url = case
                when lower(c.url[:5]) = 'http:' then lower(c.url[6:])
                when lower(c.url[:6]) = 'https:' then lower(c.url[7:])
                else lower(c.url)
            end
    where c.digest is not null
    union all
    select
        s.subset,
        s.sample_no,
        c.kind
    from sidecar_digests as c
    inner join sampled as s on c.row_hash = s.row_hash
    where c.digest is not null
),

found as (
    select distinct
        b.subset,
        b.sample_no,
        b.kind as role
    from beside as b
),

sizes as (
    select
        s.subset,
        r.role,
        count(*) as sampled
    from sampled as s
    cross join (values ('image_md5'), ('image_sha1'), ('image_sha256')) as r (role)
    group by all
)

select
    z.subset,
    z.role,
    z.sampled,
    count(f.sample_no) as reached
from sizes as z
left join found as f on z.subset = f.subset and z.role = f.role
group by all
order by z.subset, z.role;
