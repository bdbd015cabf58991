-- name:    all_links
-- purpose: Every link, in the shape of those whose ends are looked for: where most have such an end.
-- params:  none
-- reads:   hit_keys (host_digest varchar, tail varchar)
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- writes:  listed_hosts (host_digest varchar, is_open boolean)
-- writes:  listed_domains (host_digest varchar)
-- writes:  listed_tails (host_digest varchar, tail usmallint)
-- writes:  listed_keys (short ubigint)
-- writes:  long_tailed_links (shard_no integer, file_row_number bigint, url varchar, is_own boolean, is_holder boolean)
-- nulls:   a row without a link has none to be known by
-- order:   none
--
-- In place of `fast/34_hit_tails`: to compare the ends of links costs as much as to prove their keys,
-- and tells few apart where nearly all rows of one set are looked for in another.

create or replace temp table listed_hosts as
select distinct
    k.host_digest,
    true as is_open
from hit_keys as k
where k.host_digest is not null;

create or replace temp table listed_domains (host_digest varchar);

create or replace temp view listed_tails as
select
    null::varchar as host_digest,
    null::usmallint as tail
where false;

create or replace temp table listed_keys (short ubigint);

create or replace temp table long_tailed_links as
select
    s.shard_no,
    s.file_row_number,
    s.url,
    true as is_own,
    false as is_holder
from row_links as s
where s.url is not null;
