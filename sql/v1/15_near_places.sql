-- name:    near_places
-- purpose: The places (host, with what stands beside it) of links that could be listed.
-- params:  $has_links  boolean  whether any link, host or prefix is listed; without one, none is near
-- params:  $has_hosts  boolean  whether any host is listed with what lies below it
-- reads:   row_links (url varchar)
-- reads:   listed_hosts (host_digest varchar)
-- reads:   listed_domains (host_digest varchar)
-- writes:  near_places (place varchar)
-- nulls:   a null link has no place
-- order:   none
--
-- The place of `https://a.b.example/1.jpg` is `a.b.example`: what stands between two slashes and
-- the next one. Places are few beside rows, so each is judged once. Near is one whose host is
-- listed; one that lies below a listed host (for `*.example.com` any whose host ends in
-- `.example.com`); and one that is not plainly a host, since SQL cannot judge it.

create or replace temp table near_places as
with places as (
    select distinct split_part(s.url, '/', 3) as place
    from row_links as s
    where $has_links and s.url is not null
),

hosts as (
    select
        p.place,
        link_host('http://' || p.place || '/') as host
    from places as p
),

endings as (
    select
        h.place,
        unnest(link_host_endings(h.host)) as ending
    from hosts as h
    where $has_hosts and h.host != ''
)

select h.place
from hosts as h
where h.host = ''
union
select h.place
from hosts as h
semi join listed_hosts as l on link_host_digest(h.host) = l.host_digest
union
select e.place
from endings as e
semi join listed_domains as d on link_host_digest(e.ending) = d.host_digest;
