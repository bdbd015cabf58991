-- name:    first_teams
-- purpose: Neutral knots like the first knot of each listed group: where teams for it begin.
-- params:  $level  integer  how wide the cells are, 0 to 3
-- params:  $cover  bigint  neutral sites for each listed one
-- reads:   open_groups (component varchar, n_sites bigint, n_seats bigint)
-- reads:   roles (component varchar, step integer, site varchar)
-- reads:   knots (knot varchar, component varchar, site varchar, rank varchar)
-- reads:   cells (site varchar, host varchar, tier varchar, level integer, cell ubigint)
-- reads:   site_ranks (site varchar, rank varchar)
-- reads:   cover_picks (site varchar, peer_of varchar, level integer, team varchar)
-- writes:  leveled_roles (component varchar, step integer, no bigint, site varchar, cell ubigint)
-- writes:  teams (component varchar, team varchar, step integer, no bigint, site varchar)
-- nulls:   none
-- order:   none
--
-- A team has for each site of a group one of the same cell; all cells of one level. Many groups may
-- ask for the same neutral knots: each looks at some of them, in the order of their ranks, which are
-- keyed. A group that its knots do not hold together gets none.

create or replace temp table leveled_roles as
with told as (
    select
        r.component,
        count(*) as n_sites
    from roles as r
    group by all
),

left_open as (
    select o.component
    from open_groups as o
    inner join told as t on o.component = t.component and o.n_sites = t.n_sites
    left join roles as r on o.component = r.component
    left join cover_picks as p on r.site = p.peer_of and p.team is not null and p.level is not null
    group by o.component, o.n_seats
    having count(distinct p.team) < o.n_seats
)

select
    r.component,
    r.step,
    row_number() over (partition by r.component, r.step order by c.cell, k.rank) as no,
    r.site,
    c.cell
from roles as r
semi join left_open as l on r.component = l.component
inner join cells as c on r.site = c.site and c.level = $level
inner join site_ranks as k on r.site = k.site;

create or replace temp table teams as
with wanted as (
    select
        r.component,
        list(r.cell order by r.cell) as cells
    from leveled_roles as r
    where r.step = 1
    group by all
),

numbered as (
    select
        w.*,
        row_number() over (partition by w.cells order by w.component) as no
    from wanted as w
),

picked as (
    select distinct p.site
    from cover_picks as p
),

free as (
    select
        k.knot,
        list(c.cell order by c.cell) as cells
    from knots as k
    left join cells as c on k.site = c.site and c.level = $level
    left join picked as p on k.site = p.site
    where k.component is null
    group by k.knot
    having count(c.cell) = count(*) and count(p.site) = 0
),

pool as (
    select
        a.*,
        row_number() over (partition by a.cells order by a.knot) as no,
        count(*) over (partition by a.cells) as n
    from free as a
),

met as (
    select
        n.component,
        md5(n.component || p.knot) as team,
        p.knot
    from numbered as n
    inner join pool as p on n.cells = p.cells
    where (p.no + n.no * 4 * $cover) % p.n < 40 * $cover
)

select
    m.component,
    m.team,
    1::integer as step,
    row_number() over (partition by m.team order by c.cell, k.rank) as no,
    k.site
from met as m
inner join knots as k on m.knot = k.knot and k.component is null
inner join cells as c on k.site = c.site and c.level = $level;
