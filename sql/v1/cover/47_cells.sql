-- name:    cells
-- purpose: What each site is like, which are listed, and the cells in which they meet their like.
-- params:  $site_rows  bigint  a host of more rows is no site
-- params:  $has_ledger  boolean  whether every site has to be ranked, to be found in the ledger
-- reads:   site_counts (depth integer, site varchar, host varchar, directory varchar, subset varchar, language varchar, n_rows bigint, n_scored bigint, score_sum bigint, n_keyword bigint)
-- reads:   split_places (place varchar, depth integer)
-- reads:   listed_places (host varchar, directory varchar, link varchar, list_id integer)
-- reads:   lists (list_id integer, label varchar)
-- writes:  sites (site varchar, host varchar, directory varchar, tier varchar, n_rows bigint, subset varchar, language varchar, size_bin bigint, unsafe_bin bigint, keyword_bin integer)
-- writes:  listed_sites (site varchar, host varchar, directory varchar, label varchar)
-- writes:  cells (site varchar, host varchar, tier varchar, level integer, cell ubigint)
-- writes:  sites_to_rank (site varchar)
-- nulls:   directory is null where the site is no single link
-- order:   none
--
-- tier is `whole` for a host; for a directory its host, for a link its directory: a site of a
-- larger place takes its like from within that place alone. level 0 is the finest cell; each next
-- one is wider: the language to English or not, a third of the scores without keywords, sizes by
-- powers of two. Borders are fixed and public. `hash()` is equal within this run, which is enough.

create or replace temp table sites as
with summed as (
    select
        c.site,
        c.depth,
        c.host,
        c.directory,
        sum(c.n_rows)::bigint as n_rows,
        sum(c.n_scored)::bigint as n_scored,
        sum(c.score_sum)::bigint as score_sum,
        sum(c.n_keyword)::bigint as n_keyword
    from site_counts as c
    group by all
),

by_subset as (
    select
        c.site,
        c.subset,
        sum(c.n_rows)::bigint as n
    from site_counts as c
    group by all
),

of_subset as (
    select
        b.site,
        max(struct_pack(n := b.n, name := b.subset)).name as subset
    from by_subset as b
    group by b.site
),

by_language as (
    select
        c.site,
        c.language,
        sum(c.n_rows)::bigint as n
    from site_counts as c
    group by all
),

of_language as (
    select
        b.site,
        max(struct_pack(n := b.n, name := b.language)).name as language
    from by_language as b
    group by b.site
)

select
    s.site,
    s.host,
    s.directory,
    case s.depth when 0 then 'whole' when 1 then s.host else s.directory end as tier,
    s.n_rows,
    u.subset,
    l.language,
    site_size_bin(s.n_rows) as size_bin,
    site_unsafe_bin(coalesce(s.score_sum / nullif(s.n_scored, 0) / 1000000, 0)) as unsafe_bin,
    site_keyword_bin(s.n_keyword / s.n_rows) as keyword_bin
from summed as s
inner join of_subset as u on s.site = u.site
inner join of_language as l on s.site = l.site
anti join split_places as p on s.site = p.place;

create or replace temp table listed_sites as
with hosts as (
    select p.place
    from split_places as p
    where p.depth = 0
),

directories as (
    select p.place
    from split_places as p
    where p.depth = 1
),

final as (
    select
        n.label,
        p.host,
        p.host in (select h.place from hosts as h) as has_directory,
        p.directory,
        p.directory in (select d.place from directories as d) as has_link,
        p.link
    from listed_places as p
    inner join lists as n on p.list_id = n.list_id
    where p.host is not null
)

select distinct
    case
        when f.has_directory and f.has_link then f.link
        when f.has_directory then f.directory
        else f.host
    end as site,
    f.host,
    case when f.has_directory and f.has_link then f.directory end as directory,
    f.label
from final as f;

create or replace temp table cells as
with levels as (
    select unnest([0, 1, 2, 3])::integer as level
),

large as (
    select s.site
    from sites as s
    anti join listed_sites as k on s.site = k.site
    where s.tier = 'whole' and s.n_rows > $site_rows
),

leveled as (
    select
        s.site,
        s.host,
        s.tier,
        l.level,
        concat_ws(
            ' ',
            s.tier,
            if(l.level < 3, s.size_bin, floor(log2(s.n_rows))::bigint),
            if(l.level < 2, s.unsafe_bin, s.unsafe_bin // 3),
            if(l.level < 2, s.keyword_bin, -1),
            case
                when l.level = 0 then s.language || ' ' || s.subset
                when l.level < 3 then if(s.language = 'en', 'en', 'other')
            end
        ) as likeness
    from sites as s
    cross join levels as l
    anti join large as g on s.site = g.site
),

hashed as (
    select
        v.site,
        v.host,
        v.tier,
        v.level,
        hash(v.likeness) as cell
    from leveled as v
),

wanted as (
    select distinct
        l.level,
        l.cell
    from hashed as l
    semi join listed_sites as k on l.site = k.site
)

select
    l.site,
    l.host,
    l.tier,
    l.level,
    l.cell
from hashed as l
semi join wanted as w on l.level = w.level and l.cell = w.cell;

create or replace temp table sites_to_rank as
with final as (
    select c.site from cells as c
    union
    select unnest([l.site, l.host, l.directory]) as site from listed_sites as l
    union
    select unnest([s.site, s.host, s.directory]) as site from sites as s
    where $has_ledger
)

select f.site
from final as f
where f.site is not null;
