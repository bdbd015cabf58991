-- name:    odd_links
-- purpose: The near links whose key SQL cannot prove; Python fills odd_keys with them.
-- params:  $has_links  boolean  whether plain links, hosts or prefixes are listed; else none is keyed
-- reads:   near_links (url varchar)
-- writes:  odd_links (url varchar)
-- nulls:   none
-- order:   none
--
-- For each of these links, `relaion.link_key` writes one row of
-- odd_keys (url varchar, url_key varchar, host_digest varchar).

create or replace temp table odd_links as
select distinct n.url
from near_links as n
where $has_links and not link_is_canonical(n.url);
