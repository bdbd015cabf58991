-- name:    removed_sites
-- purpose: The sites that leave whole and the labels they leave for; what the ledger gains.
-- params:  $cover  bigint  neutral sites for each listed one
-- params:  $release  integer  the number of this state of the ledger, where it gains anything
-- reads:   sites (site varchar, host varchar, directory varchar, n_rows bigint)
-- reads:   listed_sites (site varchar, host varchar, directory varchar, label varchar)
-- reads:   listed_places (host varchar, directory varchar, link varchar, list_id integer)
-- reads:   cover_picks (site varchar, peer_of varchar, level integer, team varchar)
-- reads:   bonds (site varchar, other varchar)
-- reads:   groups (site varchar, component varchar)
-- reads:   spoilt_teams (team varchar)
-- reads:   ledger_bonds (site varchar, other varchar)
-- reads:   site_ranks (site varchar, rank varchar)
-- reads:   ledger_sites (site varchar, host varchar, directory varchar, depth integer, label varchar)
-- reads:   ledger_cover (site varchar, host varchar, directory varchar, depth integer, peer_of varchar, level integer, team varchar)
-- reads:   ledger_places (site varchar, host varchar, directory varchar, depth integer)
-- writes:  new_sites (site varchar, host varchar, directory varchar, depth integer, label varchar, since integer)
-- writes:  new_cover (site varchar, host varchar, directory varchar, depth integer, peer_of varchar, since integer, level integer, team varchar)
-- writes:  new_bonds (site varchar, other varchar, since integer)
-- writes:  cover_lists (list_id integer, source varchar, label varchar)
-- writes:  removed_sites (site varchar, host varchar, list_id integer)
-- writes:  listed_out (site varchar, host varchar, list_id integer, is_short boolean, is_joined boolean)
-- writes:  cover_cost (n_sites bigint, n_weak bigint, n_joined bigint, n_rows bigint, n_known bigint)
-- nulls:   directory is null where the site is no single link; level where it is not
--          known; team of a site that stands for one alone
-- order:   site, label; site, peer_of
--
-- The ledger holds ranks, never a site. It only grows: a listed site that was withdrawn stays out, and
-- so does its cover. A listed site that was cover keeps its place, and has cover of its own. Cover
-- leaves for the labels of the listed site that it covers. Sites that were joined stay so, whatever is
-- withdrawn: they are gone together.
--
-- A group is hidden by as many teams as each of its sites has neutral ones, each of which stands for
-- all of it. A joined site of any other group is weak.
--
-- In removed_sites a list_id below 0 is a label (cover_lists), and an even one above 0 a listed site:
-- by that 69_joined_sites finds what listed sites share. Of a site that is out since an earlier
-- release and has no listed row now, nobody knows any more which row was listed: all count as that,
-- by the odd number behind.

create or replace temp table ranked_places as
with final as (
    select
        s.site,
        s.host,
        s.directory
    from sites as s
    union
    select
        l.site,
        l.host,
        l.directory
    from listed_sites as l
)

select
    f.site,
    f.host,
    r.rank,
    h.rank as host_rank,
    d.rank as directory_rank,
    case when f.directory is not null then 2 when f.site <> f.host then 1 else 0 end as depth
from final as f
inner join site_ranks as r on f.site = r.site
left join site_ranks as h on f.host = h.site
left join site_ranks as d on f.directory = d.site;

create or replace temp table new_sites as
with listed as (
    select distinct
        l.site,
        l.label
    from listed_sites as l
)

select
    p.rank as site,
    p.host_rank as host,
    p.directory_rank as directory,
    p.depth,
    l.label,
    $release as since
from listed as l
inner join ranked_places as p on l.site = p.site
anti join ledger_sites as k on p.rank = k.site and l.label = k.label
order by p.rank, l.label;

create or replace temp table new_cover as
select
    p.rank as site,
    p.host_rank as host,
    p.directory_rank as directory,
    p.depth,
    l.rank as peer_of,
    $release as since,
    c.level,
    c.team
from cover_picks as c
inner join ranked_places as p on c.site = p.site
inner join ranked_places as l on c.peer_of = l.site
where c.level is not null
order by p.rank, l.rank;

create or replace temp table new_bonds as
select
    b.site,
    b.other,
    $release as since
from bonds as b
anti join ledger_bonds as k on b.site = k.site and b.other = k.other
order by b.site, b.other;

create or replace temp table out_ranks as
with listed as (
    select
        k.site,
        k.label
    from ledger_sites as k
    union
    select
        n.site,
        n.label
    from new_sites as n
),

covering as (
    select
        k.site,
        k.peer_of
    from ledger_cover as k
    union
    select
        n.site,
        n.peer_of
    from new_cover as n
)

select
    l.site,
    l.label,
    true as is_listed
from listed as l
union
select
    c.site,
    l.label,
    false as is_listed
from covering as c
inner join listed as l on c.peer_of = l.site;

create or replace temp table cover_lists as
with labels as (
    select distinct o.label
    from out_ranks as o
)

select
    -row_number() over (order by l.label)::integer as list_id,
    'cover' as source,
    l.label
from labels as l;

create or replace temp table listed_out as
with peers as (
    select
        k.site,
        k.peer_of,
        k.team
    from ledger_cover as k
    union
    select
        n.site,
        n.peer_of,
        n.team
    from new_cover as n
),

sized as (
    select
        g.component,
        count(*) as n_sites
    from groups as g
    group by all
),

in_teams as (
    select
        g.component,
        p.team,
        count(distinct g.site) as n_sites
    from groups as g
    inner join peers as p on g.site = p.peer_of
    anti join spoilt_teams as s on p.team = s.team
    where p.team is not null
    group by all
),

seen as (
    select z.component
    from sized as z
    left join in_teams as t on z.component = t.component and z.n_sites = t.n_sites
    group by z.component
    having count(t.team) < $cover
),

joined as (
    select g.site
    from groups as g
    semi join seen as s on g.component = s.component
),

listed as (
    select distinct
        o.site as rank,
        p.site,
        p.host
    from out_ranks as o
    inner join ranked_places as p on o.site = p.rank
    where o.is_listed
),

covered as (
    select
        l.rank,
        l.site,
        l.host,
        count(p.site) as n_peers
    from listed as l
    left join peers as p on l.rank = p.peer_of
    group by all
)

select
    c.site,
    c.host,
    (2 * row_number() over (order by c.site))::integer as list_id,
    c.n_peers < $cover as is_short,
    j.site is not null as is_joined
from covered as c
left join joined as j on c.rank = j.site
order by c.site;

create or replace temp table removed_sites as
with by_label as (
    select distinct
        p.site,
        p.host,
        c.list_id
    from out_ranks as o
    inner join ranked_places as p on o.site = p.rank
    inner join cover_lists as c on o.label = c.label
),

final as (
    select * from by_label
    union all
    select
        l.site,
        l.host,
        l.list_id
    from listed_out as l
    union all
    select
        l.site,
        l.host,
        l.list_id + 1 as list_id
    from listed_out as l
    anti join listed_sites as k on l.site = k.site
)

select
    f.site,
    f.host,
    f.list_id
from final as f
order by f.site, f.list_id;

create or replace temp table cover_cost as
with sites_out as (
    select
        count(*) as n_sites,
        count(*) filter (where l.is_short or l.is_joined) as n_short,
        count(*) filter (where l.is_joined) as n_joined
    from listed_out as l
),

-- nothing hides a listed row that stands nowhere
placeless as (
    select count(distinct p.list_id) as n
    from listed_places as p
    where p.host is null
),

sized as (
    select coalesce(sum(s.n_rows), 0)::bigint as n_rows
    from sites as s
    semi join removed_sites as r on s.site = r.site
),

-- chosen by earlier runs, listed sites and neutral ones
known as (
    select count(distinct p.site) as n
    from ranked_places as p
    semi join removed_sites as r on p.site = r.site
    semi join ledger_places as k on p.rank = k.site
)

select
    o.n_sites + w.n as n_sites,
    o.n_short + w.n as n_weak,
    o.n_joined,
    z.n_rows,
    k.n as n_known
from sites_out as o
cross join placeless as w
cross join sized as z
cross join known as k;
