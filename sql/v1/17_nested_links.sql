-- name:    nested_links
-- purpose: The links that hold another link which could be listed; Python fills inner_links.
-- params:  $has_hashed  boolean  whether hashed links are listed: their hosts are unknown, so all go on
-- reads:   nested_rows (url varchar)
-- reads:   listed_hosts (host_digest varchar)
-- reads:   listed_domains (host_digest varchar)
-- writes:  nested_links (url varchar)
-- nulls:   none
-- order:   none
--
-- For each of these links, `relaion.links.inner_links` writes rows of
-- inner_links (url varchar, inner_url varchar).

create or replace temp table nested_links as
with held as (
    select distinct n.url
    from nested_rows as n
),

hosts as (
    select
        h.url,
        unnest(inner_hosts(h.url)) as host
    from held as h
    where not $has_hashed and not inner_is_odd(h.url)
),

endings as (
    select
        h.url,
        unnest(link_host_endings(h.host)) as ending
    from hosts as h
),

final as (
    select h.url
    from held as h
    where $has_hashed or inner_is_odd(h.url)
    union
    select h.url
    from hosts as h
    semi join listed_hosts as l on link_host_digest(h.host) = l.host_digest
    union
    select e.url
    from endings as e
    semi join listed_domains as d on link_host_digest(e.ending) = d.host_digest
)

select f.url
from final as f;
