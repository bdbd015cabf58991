-- name:    grow_teams
-- purpose: Add to each team a neutral knot that touches it as the next knot touches its listed group.
-- params:  $level  integer  how wide the cells are, 0 to 3
-- params:  $step  integer  2 for the second knot of each group
-- reads:   knot_steps (component varchar, step integer, knot varchar)
-- reads:   knots (knot varchar, component varchar, site varchar, rank varchar)
-- reads:   cells (site varchar, host varchar, tier varchar, level integer, cell ubigint)
-- reads:   cover_picks (site varchar, peer_of varchar, level integer, team varchar)
-- reads:   leveled_roles (component varchar, step integer, no bigint, site varchar, cell ubigint)
-- reads:   teams (component varchar, team varchar, step integer, no bigint, site varchar)
-- writes:  teams (component varchar, team varchar, step integer, no bigint, site varchar)
-- nulls:   none
-- order:   none
--
-- Run for step 2, 3, … A team for which there is no such knot is none.

create or replace temp table grown_teams as
with stepped as (
    select
        s.component,
        k.site
    from knot_steps as s
    inner join knots as k on s.component = k.component and s.knot = k.knot
    where s.step = $step
),

-- for each team the sites at which its next knot has to touch it, and no other
touching as (
    select
        t.component,
        t.team,
        list(t.site order by t.site) as old
    from stepped as s
    inner join leveled_roles as r
        on s.component = r.component and s.site = r.site and r.step < $step
    inner join teams as t
        on r.component = t.component and r.step = t.step and r.no = t.no
    group by all
),

wanted as (
    select
        r.component,
        list(r.cell order by r.cell) as cells
    from leveled_roles as r
    where r.step = $step
    group by all
),

near as (
    select distinct
        t.component,
        t.team,
        k.knot
    from touching as g
    inner join teams as t on g.team = t.team
    inner join knots as k on t.site = k.site and k.component is null
),

picked as (
    select distinct p.site
    from cover_picks as p
),

parts as (
    select
        n.component,
        n.team,
        n.knot,
        count(*) filter (where t.site is null and (c.cell is null or p.site is not null)) as n_odd,
        list(k.site order by k.site) filter (where t.site is not null) as old,
        list(c.cell order by c.cell) filter (where t.site is null) as cells
    from near as n
    inner join knots as k on n.knot = k.knot and k.component is null
    left join teams as t on n.team = t.team and k.site = t.site
    left join cells as c on k.site = c.site and c.level = $level
    left join picked as p on k.site = p.site
    group by all
)

select
    p.component,
    p.team,
    p.knot
from parts as p
inner join touching as g on p.team = g.team and p.old = g.old
inner join wanted as w on p.component = w.component and p.cells = w.cells
where p.n_odd = 0
qualify row_number() over (partition by p.team order by md5(p.team || p.knot)) = 1;

insert into teams
select
    g.component,
    g.team,
    $step::integer as step,
    row_number() over (partition by g.team order by c.cell, k.rank) as no,
    k.site
from grown_teams as g
inner join knots as k on g.knot = k.knot and k.component is null
inner join cells as c on k.site = c.site and c.level = $level
anti join teams as t on g.team = t.team and k.site = t.site;

delete from teams
where
    component in (select s.component from knot_steps as s where s.step = $step)
    and team not in (select g.team from grown_teams as g);
