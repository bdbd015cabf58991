-- name:    listed_hosts
-- purpose: The hosts that listed links have, and those that are listed with all below them.
-- params:  none
-- reads:   store.entries (kind varchar, host_digest varchar)
-- reads:   sidecar_keys (host_digest varchar)
-- writes:  listed_hosts (host_digest varchar)
-- writes:  listed_domains (host_digest varchar)
-- nulls:   an entry with an odd host has no digest; rows that could match it are odd too
-- order:   none
--
-- A link can only equal a listed link when their hosts are equal. Most rows stand on hosts
-- that no list names, so these small tables spare them the work of a link key.

create or replace temp table listed_hosts as
with hosts as (
    select e.host_digest
    from store.entries as e
    where e.kind in ('url', 'url_prefix')
    union all
    select k.host_digest
    from sidecar_keys as k
)

select distinct h.host_digest
from hosts as h
where h.host_digest is not null;

create or replace temp table listed_domains as
select distinct e.host_digest
from store.entries as e
where e.kind = 'host' and e.host_digest is not null;
