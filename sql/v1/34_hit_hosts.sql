-- name:    hit_hosts
-- purpose: The hosts of the links that lists hit, in the shape of listed_hosts.
-- params:  none
-- reads:   hit_keys (host_digest varchar)
-- writes:  listed_hosts (host_digest varchar)
-- writes:  listed_domains (host_digest varchar)
-- nulls:   an odd host has no digest; rows that could match it are odd too
-- order:   none
--
-- Here single links are looked for, never what lies below a host.

create or replace temp table listed_hosts as
select distinct k.host_digest
from hit_keys as k
where k.host_digest is not null;

create or replace temp table listed_domains (host_digest varchar);
