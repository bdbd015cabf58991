-- name:    knots
-- purpose: The sets of sites that share images with nobody else: of listed groups, and of neutral sites.
-- params:  $image_rows  bigint  an image of more rows is a placeholder, and joins nothing
-- params:  $cover  bigint  neutral sites for each listed one
-- reads:   shown_things (thing ubigint, site varchar, n_rows bigint)
-- reads:   cells (site varchar, host varchar, tier varchar, level integer, cell ubigint)
-- reads:   listed_sites (site varchar)
-- reads:   groups (site varchar, component varchar)
-- reads:   site_ranks (site varchar, rank varchar)
-- reads:   ledger_places (site varchar, host varchar, directory varchar, depth integer)
-- reads:   cover_picks (site varchar, peer_of varchar, level integer, team varchar)
-- reads:   ledger_cover (site varchar, team varchar)
-- reads:   sites (site varchar)
-- writes:  carriers (thing ubigint, site varchar)
-- writes:  open_groups (component varchar, n_sites bigint, n_seats bigint)
-- writes:  group_sites (component varchar, site varchar, rank varchar)
-- writes:  knots (knot varchar, component varchar, site varchar, rank varchar)
-- writes:  spoilt_teams (team varchar)
-- writes:  knot_steps (component varchar, step integer, knot varchar)
-- writes:  roles (component varchar, step integer, site varchar)
-- nulls:   component is null for a knot of neutral sites; site in shown_things for what is no able site
-- order:   none
--
-- Who has the old metadata sees which images stand on sites alone that are gone whole. Of a listed
-- image that is so, of a neutral site's hardly ever, unless all sites that show it leave. A knot is
-- such a set of sites: two and more that show an image which no other site shows. A group gets teams
-- of neutral sites where its knots hold all of it together, and all of it is listed now; others stay
-- weak. Sites that had neutral ones each for itself before they were joined get no team: who has both
-- releases would see the teams come when the group was made.
--
-- A team of an earlier run is spoilt where rows that came since show its images elsewhere: a site of it
-- has none that it shares with another one of the team alone.

create or replace temp table carriers as
with shared as (
    select t.thing
    from shown_things as t
    group by t.thing
    having count(distinct t.site) > 1 and sum(t.n_rows) <= $image_rows
)

select distinct
    t.thing,
    t.site
from shown_things as t
semi join shared as s on t.thing = s.thing;

create or replace temp table group_sites as
with listed as (
    select distinct l.site
    from listed_sites as l
)

select
    g.component,
    l.site,
    r.rank
from groups as g
inner join site_ranks as r on g.site = r.rank
inner join listed as l on r.site = l.site;

create or replace temp table open_groups as
with sized as (
    select
        g.component,
        count(*) as n_sites
    from groups as g
    group by all
),

peers as (
    select
        p.peer_of as site,
        count(*) as n
    from cover_picks as p
    group by all
),

here as (
    select
        s.component,
        count(*) as n_sites,
        max(coalesce(p.n, 0)) as n_peers
    from group_sites as s
    left join peers as p on s.site = p.site
    group by all
)

select
    h.component,
    h.n_sites,
    $cover - h.n_peers as n_seats
from here as h
inner join sized as z on h.component = z.component and h.n_sites = z.n_sites
where h.n_peers < $cover;

create or replace temp table knots as
with taken as (
    select r.site
    from site_ranks as r
    where
        r.rank in (select l.site from ledger_places as l)
        or r.rank in (select l.host from ledger_places as l where l.depth > 0)
),

free as (
    select distinct c.site
    from cells as c
    anti join listed_sites as l on c.site = l.site
    anti join taken as t on c.site = t.site
    anti join cover_picks as p on c.site = p.site
),

held as (
    select
        f.site,
        null::varchar as component
    from free as f
    union all
    select
        s.site,
        s.component
    from group_sites as s
    semi join open_groups as o on s.component = o.component
),

told as (
    select
        c.thing,
        r.rank,
        h.component,
        h.site is not null as is_held
    from carriers as c
    left join site_ranks as r on c.site = r.site
    left join held as h on c.site = h.site
),

alike as (
    select
        t.thing,
        any_value(t.component) as component,
        md5(string_agg(t.rank, ' ' order by t.rank)) as knot
    from told as t
    group by t.thing
    having
        bool_and(t.is_held)
        and count(distinct t.component) < 2
        and count(t.component) in (0, count(*))
),

firsts as (
    select
        a.knot,
        a.component,
        min(a.thing) as thing
    from alike as a
    group by all
)

select
    f.knot,
    f.component,
    c.site,
    r.rank
from firsts as f
inner join carriers as c on f.thing = c.thing
inner join site_ranks as r on c.site = r.site;

create or replace temp table knot_steps (component varchar, step integer, knot varchar);
create or replace temp table roles (component varchar, step integer, site varchar);

create or replace temp table spoilt_teams as
with members as (
    select
        l.team,
        s.site
    from ledger_cover as l
    inner join site_ranks as r on l.site = r.rank
    inner join sites as s on r.site = s.site
    where l.team is not null
),

shown as (
    select
        c.thing,
        count(*) as n_sites,
        count(*) filter (where c.site is null) as n_open
    from carriers as c
    group by all
),

inside as (
    select
        m.team,
        c.thing,
        count(*) as n_sites
    from members as m
    inner join carriers as c on m.site = c.site
    group by all
),

tied as (
    select distinct
        m.team,
        m.site
    from members as m
    inner join carriers as c on m.site = c.site
    inner join inside as i on m.team = i.team and c.thing = i.thing
    inner join shown as w on c.thing = w.thing
    where w.n_open = 0 and i.n_sites = w.n_sites
)

select distinct m.team
from members as m
anti join tied as t on m.team = t.team and m.site = t.site;
