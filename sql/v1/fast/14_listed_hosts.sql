-- name:    listed_hosts
-- purpose: The hosts, tails and keys of listed links, and the hosts that are listed with all below them.
-- params:  $has_links  boolean  whether any link, host or prefix is listed; without one, none is near
-- params:  $has_inner  boolean  whether links inside links are looked at
-- reads:   store.entries (kind varchar, host_digest varchar, tail usmallint)
-- reads:   listed_entries (kind varchar, hash ubigint)
-- reads:   sidecar_keys (key_kind varchar, digest varchar, host_digest varchar)
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- writes:  listed_hosts (host_digest varchar, is_open boolean)
-- writes:  listed_domains (host_digest varchar)
-- writes:  listed_tails (host_digest varchar, tail usmallint)
-- writes:  listed_keys (short ubigint)
-- writes:  possible_links (shard_no integer, file_row_number bigint, url varchar, is_own boolean, is_holder boolean)
-- nulls:   an entry with an odd host has no digest; rows that could match it are odd too; a tail is
--          null where it is not known
-- order:   none
--
-- A link can only equal a listed link when their hosts are equal. Most rows stand on hosts
-- that no list names, so these small tables spare them the work of a link key. A host is open where
-- more than single links can be listed (a prefix). On others, a link goes on only if it ends as one
-- that is listed there, by 16 bits (listed_tails, as `link_tail_bits` makes them); and one whose key
-- SQL can prove only if its digest is that of a listed one, by 64 bits (listed_keys).
-- Every link is possible: by itself (is_own), or for a link that it may hold (is_holder).

create or replace temp table listed_hosts as
with hosts as (
    select
        e.host_digest,
        e.kind <> 'url' as is_open
    from store.entries as e
    where e.kind in ('url', 'url_prefix')
    union all
    select
        k.host_digest,
        false as is_open
    from sidecar_keys as k
)

select
    h.host_digest,
    bool_or(h.is_open) as is_open
from hosts as h
where h.host_digest is not null
group by h.host_digest;

create or replace temp table listed_domains as
select distinct e.host_digest
from store.entries as e
where e.kind = 'host' and e.host_digest is not null;

create or replace temp view listed_tails as
select
    e.host_digest,
    e.tail
from store.entries as e
where e.kind = 'url' and e.host_digest is not null
union all
select
    k.host_digest,
    null::usmallint as tail
from sidecar_keys as k
where k.host_digest is not null;

create or replace temp table listed_keys as
select coalesce(l.hash, 0) as short
from listed_entries as l
where l.kind = 'url'
union
select hash(k.digest) as short
from sidecar_keys as k
where k.key_kind = 'url';

create or replace temp view possible_links as
select
    s.shard_no,
    s.file_row_number,
    s.url,
    $has_links as is_own,
    case when $has_inner then may_hold_link(s.url) else false end as is_holder
from row_links as s
where ($has_links or $has_inner) and s.url is not null;
