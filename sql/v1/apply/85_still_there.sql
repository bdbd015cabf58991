-- name:    still_there
-- purpose: Which hosts and directories of what left are still in an edition: these left in part.
-- params:  none
-- reads:   shard (url varchar)
-- reads:   odd_keys (url varchar, url_key varchar)
-- reads:   residual (host varchar)
-- writes:  stays (host varchar, directory varchar)
-- nulls:   a row without a link stands in no place
-- order:   none
--
-- `residual` is of all batches of the old set, and each batch of the edition is asked: a host of which
-- rows left one shard and stay in another did not leave whole. Hosts and directories are those of
-- cover (42_site_macros), by the first link of a row, as `44_site_counts` counts them.

create or replace temp table stays as
with gone_hosts as (
    select distinct r.host
    from residual as r
),

hosted as (
    select
        s.url,
        link_host(s.url) as plain
    from shard as s
    where s.url is not null
),

placed as (
    select
        site_host(h.plain, o.url_key) as host,
        site_text(h.url, o.url_key) as link
    from hosted as h
    left join odd_keys as o on case when site_is_odd(h.plain) then h.url end = o.url
),

near as (
    select p.*
    from placed as p
    semi join gone_hosts as g on p.host = g.host
)

select distinct
    n.host,
    site_directory(n.host, n.link) as directory
from near as n;
