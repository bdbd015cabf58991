-- name:    groups
-- purpose: The listed sites that are joined, the groups that they make, and who could stand for them.
-- params:  none
-- reads:   joined_things (site varchar, kind varchar, digest varchar)
-- reads:   site_ranks (site varchar, rank varchar)
-- reads:   ledger_bonds (site varchar, other varchar)
-- reads:   ledger_cover (site varchar, team varchar)
-- reads:   sites (site varchar, host varchar)
-- reads:   cells (site varchar, host varchar)
-- writes:  bonds (site varchar, other varchar)
-- writes:  groups (site varchar, component varchar)
-- writes:  able_sites (site varchar, host varchar)
-- writes:  spoilt_teams (team varchar)
-- nulls:   none
-- order:   none
--
-- Sites are told by their rank here, as the ledger does. What shares something is bound to the first
-- of those that share it. What was bound in an earlier run is so for good, be its lists withdrawn or
-- not. A group is called by its first site, or by one of a few where it was bound in pieces.
--
-- able_sites are those whose images matter: that could leave as cover, that are listed, or that an
-- earlier run gave to a team. spoilt_teams stays empty unless 92_knots fills it.

create or replace temp table bonds as
with sharing as (
    select
        r.rank,
        j.kind,
        j.digest
    from joined_things as j
    inner join site_ranks as r on j.site = r.site
),

firsts as (
    select
        s.kind,
        s.digest,
        min(s.rank) as other
    from sharing as s
    group by all
)

select
    s.rank as site,
    f.other
from sharing as s
inner join firsts as f on s.kind = f.kind and s.digest = f.digest
where s.rank <> f.other
union
select
    l.site,
    l.other
from ledger_bonds as l;

create or replace temp table groups as
with recursive ends as (
    select
        b.site,
        b.other
    from bonds as b
    union
    select
        b.other as site,
        b.site as other
    from bonds as b
),

-- only sites that come before all they are bound to have a name to pass on: else it takes long
reached as (
    select
        e.site,
        e.site as component
    from ends as e
    group by e.site
    having min(e.other) > e.site
    union
    select
        e.site,
        r.component
    from reached as r
    inner join ends as e on r.site = e.other
)

select
    r.site,
    min(r.component) as component
from reached as r
group by r.site;

create or replace temp table able_sites as
with in_teams as (
    select distinct r.site
    from site_ranks as r
    inner join ledger_cover as l on r.rank = l.site
    where l.team is not null
)

select
    c.site,
    c.host
from cells as c
union
select
    s.site,
    s.host
from sites as s
semi join in_teams as t on s.site = t.site
order by site;

create or replace temp table spoilt_teams (team varchar);
