-- name:    listed_hosts
-- purpose: The hosts that listed links have, as digests.
-- params:  none
-- reads:   store.entries (kind varchar, host_digest varchar)
-- writes:  listed_hosts (host_digest varchar)
-- nulls:   an entry with an odd host has no digest; rows that could match it are odd too
-- order:   none
--
-- A link can only equal a listed link when their hosts are equal. Most rows stand on hosts
-- that no list names, so this small table spares them the work of a link key.

create or replace temp table listed_hosts as
select distinct e.host_digest
from store.entries as e
where e.kind = 'url' and e.host_digest is not null;
