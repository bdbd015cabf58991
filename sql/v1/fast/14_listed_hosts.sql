-- name:    listed_hosts
-- purpose: The hosts that listed links have, and those that are listed with all below them.
-- params:  $has_links  boolean  whether any link, host or prefix is listed; without one, none is near
-- params:  $has_inner  boolean  whether links inside links are looked at
-- reads:   store.entries (kind varchar, host_digest varchar)
-- reads:   sidecar_keys (host_digest varchar)
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- writes:  listed_hosts (host_digest varchar)
-- writes:  listed_domains (host_digest varchar)
-- writes:  possible_links (shard_no integer, file_row_number bigint, url varchar, is_own boolean, is_holder boolean)
-- nulls:   an entry with an odd host has no digest; rows that could match it are odd too
-- order:   none
--
-- A link can only equal a listed link when their hosts are equal. Most rows stand on hosts
-- that no list names, so these small tables spare them the work of a link key.
-- Of a listed link the store tells no more than its digest and that of its host, so that every
-- link is possible: by itself (is_own), or for a link that it may hold (is_holder).

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

create or replace temp view possible_links as
select
    s.shard_no,
    s.file_row_number,
    s.url,
    $has_links as is_own,
    case when $has_inner then may_hold_link(s.url) else false end as is_holder
from row_links as s
where ($has_links or $has_inner) and s.url is not null;
