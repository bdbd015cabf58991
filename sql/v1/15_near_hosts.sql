-- name:    near_hosts
-- purpose: The hosts of the shards that are, or lie below, a host that is listed with a pattern.
-- params:  $has_hosts  boolean  whether any host is listed; without one, no host is near
-- reads:   shard (url varchar)
-- reads:   listed_domains (host_digest varchar)
-- writes:  near_hosts (host varchar)
-- nulls:   a null link has no host
-- order:   none
--
-- Worked example: where `*.example.com` is listed, `a.b.example.com` is near, for one of its
-- endings `a.b.example.com`, `b.example.com`, `example.com`, `com` is listed. Hosts are few
-- beside rows, so each is taken apart once. Odd hosts are always near (16_near_links).

create or replace temp table near_hosts as
with hosts as (
    select distinct link_host(s.url) as host
    from shard as s
    where $has_hosts and s.url is not null and not link_is_odd_host(s.url)
),

endings as (
    select
        h.host,
        unnest(link_host_endings(h.host)) as ending
    from hosts as h
)

select distinct e.host
from endings as e
semi join listed_domains as d on md5(e.ending) = d.host_digest;
