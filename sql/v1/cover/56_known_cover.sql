-- name:    known_cover
-- purpose: The neutral sites that earlier runs gave to the sites that are listed now.
-- params:  none
-- reads:   listed_sites (site varchar)
-- reads:   site_ranks (site varchar, rank varchar)
-- reads:   ledger_cover (site varchar, host varchar, directory varchar, depth integer, peer_of varchar, level integer, team varchar)
-- writes:  cover_picks (site varchar, peer_of varchar, level integer, team varchar)
-- nulls:   level is null for what an earlier run gave; team for a site that stands for one alone
-- order:   none
--
-- A neutral site that this data set lacks counts all the same, by its rank.

create or replace temp table cover_picks as
with listed as (
    select distinct
        l.site,
        r.rank
    from listed_sites as l
    inner join site_ranks as r on l.site = r.site
)

select
    coalesce(r.site, c.site) as site,
    l.site as peer_of,
    null::integer as level,
    c.team
from ledger_cover as c
inner join listed as l on c.peer_of = l.rank
left join site_ranks as r on c.site = r.rank;
