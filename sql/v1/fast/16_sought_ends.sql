-- name:    sought_ends
-- purpose: The ends and hosts of links that are looked for by themselves, as tables to ask.
-- params:  $has_ends  boolean  whether any batch is asked by ends of links; else none are told
-- reads:   hit_keys (host varchar, tail varchar, short ubigint)
-- writes:  sought_tails (tail varchar)
-- writes:  sought_hosts (host varchar)
-- writes:  sought_ends (short ubigint)
-- writes:  sought_keys (short ubigint)
-- writes:  listed_hosts (host_digest varchar, is_open boolean)
-- writes:  listed_domains (host_digest varchar)
-- writes:  listed_tails (host_digest varchar, tail usmallint)
-- writes:  listed_keys (short ubigint)
-- nulls:   a key on an odd host has no host: a link on a host that is not odd cannot have it
-- order:   none
--
-- Made once of all links that are looked for; each batch is then asked by `17_sought_links` and
-- `79_proved_links`, and `15_near_links` by the last four. The last eight characters of a key with its
-- host tell nearly all links apart; they are compared as numbers of 64 bits, and two that have one
-- number only cost time.

create or replace temp table sought_tails as
select distinct k.tail
from hit_keys as k
where $has_ends;

create or replace temp table sought_hosts as
select distinct k.host
from hit_keys as k
where k.host is not null;

create or replace temp table sought_ends as
select distinct hash(k.tail, k.host) as short
from hit_keys as k
where $has_ends and k.host is not null;

create or replace temp table sought_keys as
select distinct k.short
from hit_keys as k;

create or replace temp table listed_hosts as
select
    link_host_digest(h.host) as host_digest,
    true as is_open
from sought_hosts as h;

create or replace temp table listed_domains (host_digest varchar);

create or replace temp view listed_tails as
select
    null::varchar as host_digest,
    null::usmallint as tail
where false;

create or replace temp table listed_keys (short ubigint);
