-- name:    seat_teams
-- purpose: Give each listed group that still lacks teams some of those found, none of which share a site.
-- params:  $level  integer  how wide the cells are, 0 to 3
-- reads:   open_groups (component varchar, n_sites bigint, n_seats bigint)
-- reads:   carriers (thing ubigint, site varchar)
-- reads:   leveled_roles (component varchar, step integer, no bigint, site varchar, cell ubigint)
-- reads:   teams (component varchar, team varchar, step integer, no bigint, site varchar)
-- reads:   cover_picks (site varchar, peer_of varchar, level integer, team varchar)
-- writes:  cover_picks (site varchar, peer_of varchar, level integer, team varchar)
-- writes:  seated_teams (team varchar)
-- nulls:   none
-- order:   none
--
-- Run for each level until it seats none. How many images the sites of a team share among them has to
-- be like the group's: two hosts that mirror each other share many. Of teams that have a site in
-- common the first in keyed order is taken; others have their turn in the next round.

create or replace temp table seated_teams as
with gone as (
    select t.team
    from teams as t
    semi join cover_picks as p on t.site = p.site
),

free as (
    select t.*
    from teams as t
    anti join gone as g on t.team = g.team
),

compared as (
    select
        f.component,
        f.team,
        f.site
    from free as f
    union all
    select
        r.component,
        '' as team,
        r.site
    from leveled_roles as r
),

shared as (
    select
        b.component,
        b.team,
        c.thing
    from compared as b
    inner join carriers as c on b.site = c.site
    group by all
    having count(*) > 1
),

counted as (
    select
        s.component,
        s.team,
        floor(log2(count(*))) as bin
    from shared as s
    group by all
),

alike as (
    select
        t.component,
        t.team
    from counted as t
    inner join counted as g on t.component = g.component and g.team = '' and t.bin = g.bin
    where t.team <> ''
),

found as (
    select
        r.component,
        count(distinct p.team) as n
    from leveled_roles as r
    inner join cover_picks as p on r.site = p.peer_of
    where p.team is not null and p.level is not null
    group by all
),

lacking as (
    select
        o.component,
        o.n_seats - coalesce(f.n, 0) as n
    from open_groups as o
    left join found as f on o.component = f.component
),

asked as (
    select
        a.component,
        a.team,
        l.n
    from alike as a
    inner join lacking as l on a.component = l.component
    qualify row_number() over (partition by a.component order by a.team) <= 2 * l.n
),

firsts as (
    select
        f.site,
        min(s.team) as team
    from asked as s
    inner join free as f on s.team = f.team
    group by all
),

won as (
    select
        s.component,
        s.team,
        s.n
    from asked as s
    inner join free as f on s.team = f.team
    inner join firsts as x on f.site = x.site
    group by all
    having bool_and(x.team = s.team)
)

select w.team
from won as w
qualify row_number() over (partition by w.component order by w.team) <= w.n;

insert into cover_picks
select
    t.site,
    r.site as peer_of,
    $level::integer as level,
    t.team
from teams as t
semi join seated_teams as s on t.team = s.team
inner join leveled_roles as r
    on t.component = r.component and t.step = r.step and t.no = r.no;
