-- name:    cover
-- purpose: Neutral sites for the listed ones that still lack some, from cells of one level.
-- params:  $level  integer  how wide the cells are, 0 to 3
-- params:  $cover  bigint  neutral sites for each listed one
-- reads:   cells (site varchar, host varchar, tier varchar, level integer, cell ubigint)
-- reads:   listed_sites (site varchar)
-- reads:   site_ranks (site varchar, rank varchar)
-- reads:   ledger_places (site varchar, host varchar, directory varchar, depth integer)
-- reads:   cover_picks (site varchar, peer_of varchar, level integer, team varchar)
-- writes:  cover_picks (site varchar, peer_of varchar, level integer, team varchar)
-- nulls:   team is null: these sites stand for one alone
-- order:   none
--
-- Run for level 0, 1, 2, 3. Seats and neutral sites of a cell meet in the order of their rank, which
-- is keyed: nobody without the curator key can say which site would have been next. A site that is
-- listed, or taken (by an earlier run, or as part of a site that is), is no cover; none serves twice.
-- cover_picks holds what earlier runs gave to the listed sites (level null) beside what is found
-- here.

insert into cover_picks
with lacking as (
    select
        k.site,
        $cover - count(p.site) as n
    from (select distinct l.site from listed_sites as l) as k
    left join cover_picks as p on k.site = p.peer_of
    group by all
),

opened as (
    select
        c.site,
        c.cell,
        r.rank,
        unnest(range(greatest(k.n, 0))) as nth
    from lacking as k
    inner join cells as c on k.site = c.site and c.level = $level
    inner join site_ranks as r on k.site = r.site
),

seats as (
    select
        o.site,
        o.cell,
        row_number() over (partition by o.cell order by o.rank, o.nth) as no
    from opened as o
),

-- a host of which parts are out already is taken too
taken as (
    select r.site
    from site_ranks as r
    where
        r.rank in (select l.site from ledger_places as l)
        or r.rank in (select l.host from ledger_places as l where l.depth > 0)
),

free as (
    select
        c.site,
        c.cell
    from cells as c
    anti join listed_sites as l on c.site = l.site
    anti join taken as t on c.site = t.site
    anti join cover_picks as p on c.site = p.site
    where c.level = $level and c.cell in (select s.cell from seats as s)
),

pool as (
    select
        f.site,
        f.cell,
        row_number() over (partition by f.cell order by r.rank) as no
    from free as f
    inner join site_ranks as r on f.site = r.site
)

select
    p.site,
    s.site as peer_of,
    $level::integer as level,
    null::varchar as team
from seats as s
inner join pool as p on s.cell = p.cell and s.no = p.no;
