-- name:    found_values
-- purpose: How many values the rows of each shard hold for each role, counted while looked at.
-- params:  $roles  varchar[]  the roles that lists and rules look at; others are not counted
-- reads:   row_values (shard_no integer, url boolean, first_url boolean, text boolean, punsafe boolean, row_hash boolean, image_md5 boolean, image_sha1 boolean, image_sha256 boolean, has_no_digest boolean, has_giant boolean)
-- reads:   row_no_digests (shard_no integer, kind varchar, column_name varchar, is_odd boolean)
-- reads:   row_links (shard_no integer, url varchar, column_name varchar)
-- writes:  found_values (shard_no integer, role varchar, column_name varchar, n_values bigint)
-- nulls:   null is no value, nor are NaN and empty texts; a role not asked for has no line
-- order:   none
--
-- Never from footers, whose counts may be wrong. A row is covered where at least one column of
-- the role holds a value that can be compared: these lines name no column. `computable` are rows
-- whose row hash is missing and can be computed from caption or link, which of several is the
-- first. A line with a column counts values there that are no digest of the kind that the column
-- is for: nothing can be said of them, so they are told. So are links so long that they are
-- compared by their bytes only. Both are rare, and looked for in shards that hold one. They are
-- counted there and not sought: a join to no shard ends at the first row that meets it, and not
-- before, so no row may be left out below it.

create or replace temp table found_values as
with counted as (
    select
        v.shard_no,
        count(*) filter (v.url) as url,
        count(*) filter (v.text) as text,
        count(*) filter (v.punsafe) as punsafe,
        count(*) filter (v.row_hash) as row_hash,
        count(*) filter ((v.first_url or v.text) and not v.row_hash) as computable,
        count(*) filter (v.image_md5) as image_md5,
        count(*) filter (v.image_sha1) as image_sha1,
        count(*) filter (v.image_sha256) as image_sha256,
        bool_or(v.has_no_digest) as has_no_digest,
        bool_or(v.has_giant) as has_giant
    from row_values as v
    group by v.shard_no
),

with_no_digest as (
    select c.shard_no
    from counted as c
    where c.has_no_digest
),

with_giant as (
    select c.shard_no
    from counted as c
    where c.has_giant
),

covered as (
    unpivot counted
    on url, text, punsafe, row_hash, computable, image_md5, image_sha1, image_sha256
    into name role value n_values
),

final as (
    select
        c.shard_no,
        c.role,
        null::varchar as column_name,
        c.n_values
    from covered as c
    where
        list_contains($roles, c.role)
        or (c.role = 'computable' and list_contains($roles, 'row_hash'))
    union all
    select
        d.shard_no,
        d.kind as role,
        d.column_name,
        count(*) filter (d.is_odd) as n_values
    from row_no_digests as d
    semi join with_no_digest as w on d.shard_no = w.shard_no
    group by all
    having n_values > 0
    union all
    select
        l.shard_no,
        'url' as role,
        l.column_name,
        count(*) filter (link_is_giant(l.url)) as n_values
    from row_links as l
    semi join with_giant as w on l.shard_no = w.shard_no
    where list_contains($roles, 'url')
    group by all
    having n_values > 0
)

select
    f.shard_no,
    f.role,
    f.column_name,
    f.n_values
from final as f;
