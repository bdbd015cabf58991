-- name:    split_places
-- purpose: The hosts, or directories, that are too large to be one site.
-- params:  $depth  integer  0 for hosts, 1 for directories
-- params:  $site_rows  bigint  a site has at most so many rows; null to find out by the cost
-- params:  $cover  bigint  neutral sites for each listed one
-- reads:   site_counts (depth integer, site varchar, host varchar, directory varchar, subset varchar, language varchar, n_rows bigint, n_scored bigint, score_sum bigint, n_keyword bigint)
-- reads:   listed_places (host varchar, directory varchar, link varchar, list_id integer)
-- reads:   ledger_places (site varchar, host varchar, directory varchar, depth integer)
-- reads:   site_ranks (site varchar, rank varchar)
-- writes:  summed_counts (depth integer, site varchar, host varchar, directory varchar, subset varchar, language varchar, n_rows bigint, n_scored bigint, score_sum bigint, n_keyword bigint)
-- writes:  split_places (place varchar, depth integer)
-- writes:  site_limit (site_rows bigint, n_rows bigint)
-- nulls:   none
-- order:   none
--
-- Only places with a listed row are looked into: all others are no site, and no peer of one. What
-- the ledger has as a whole stays whole however it grew, and what it has parts of is parted again.
-- The ledger knows places by their rank alone.
--
-- By the cost: the largest of a few limits by which no more than one row in fifty would leave, were
-- every site that is opened by a listed row as large as it may be; else the smallest. Limits of less
-- than ten rows for each neutral site are none: a part of a host takes its like from within that
-- host, and one of 61 rows has no twenty directories that are alike. With --cover 20 most parts
-- stood out so, and an attack found them (tests/bench); with 200 rows it finds none.

-- A host stands in nearly every batch: summed once, for all that comes after.
create or replace temp table summed_counts as
select
    c.depth,
    c.site,
    c.host,
    c.directory,
    c.subset,
    c.language,
    sum(c.n_rows)::bigint as n_rows,
    sum(c.n_scored)::bigint as n_scored,
    sum(c.score_sum)::bigint as score_sum,
    sum(c.n_keyword)::bigint as n_keyword
from site_counts as c
group by all;

create or replace temp table listed_sizes as
with listed as (
    select
        case $depth when 0 then p.host else p.directory end as place,
        count(distinct p.link) as n_links
    from listed_places as p
    group by all
),

sized as (
    select
        c.site,
        sum(c.n_rows)::bigint as n_rows
    from summed_counts as c
    where c.depth = $depth
    group by all
)

select
    l.place,
    l.n_links,
    s.n_rows
from listed as l
inner join sized as s on l.place = s.site;

create or replace temp table site_limit as
with steps as (
    select unnest([60, 100, 200, 500, 1000]) as site_rows
),

limits as (
    select s.site_rows
    from steps as s
    where s.site_rows >= least(10 * $cover, 1000)
),

total as (
    select coalesce(sum(c.n_rows), 0)::bigint as n_rows
    from summed_counts as c
    where c.depth = 0
),

costs as (
    select
        l.site_rows,
        coalesce(sum(least(z.n_rows, l.site_rows * z.n_links)), 0) * ($cover + 1) as cost
    from limits as l
    left join listed_sizes as z on true
    group by all
)

select
    coalesce(
        $site_rows,
        max(c.site_rows) filter (where c.cost * 50 <= t.n_rows),
        min(c.site_rows)
    )::bigint as site_rows,
    t.n_rows
from costs as c
cross join total as t
group by t.n_rows;

create or replace temp table split_places as
with large as (
    select z.place
    from listed_sizes as z
    cross join site_limit as l
    where z.n_rows > l.site_rows
),

whole_ranks as (
    select l.site as rank
    from ledger_places as l
    where l.depth = $depth
),

split_ranks as (
    select case $depth when 0 then l.host else l.directory end as rank
    from ledger_places as l
    where l.depth > $depth
),

kept_whole as (
    select r.site as place
    from site_ranks as r
    semi join whole_ranks as l on r.rank = l.rank
),

kept_split as (
    select r.site as place
    from site_ranks as r
    semi join split_ranks as l on r.rank = l.rank
),

final as (
    select g.place from large as g
    union
    select k.place from kept_split as k
)

select
    f.place,
    $depth::integer as depth
from final as f
anti join kept_whole as w on f.place = w.place;
