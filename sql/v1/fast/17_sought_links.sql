-- name:    sought_links
-- purpose: The links that could be one of those looked for: by their end, then by end and host.
-- params:  none
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- reads:   sought_tails (tail varchar)
-- reads:   sought_hosts (host varchar)
-- reads:   sought_ends (short ubigint)
-- writes:  long_tailed_links (shard_no integer, file_row_number bigint, url varchar, is_own boolean, is_holder boolean)
-- nulls:   a row without a link has none to be known by
-- order:   none
--
-- In place of `34_hit_tails` where no link inside a link is looked for. The end of a link is compared
-- first (`link_tail`, which says why none is lost): of a simple link it is what stands there
-- (`link_is_simple`). That leaves one link in three where a million are looked for, as many pictures are
-- called `0123.jpg`; of these the host is asked, too.
-- An end that is not known may be any, and so may a host that is not plain (`link_is_odd_host`).

create or replace temp table long_tailed_links as
with shorts as (
    select
        s.shard_no,
        s.file_row_number,
        s.url,
        substr(s.url, -8) as short
    from row_links as s
    where s.url is not null
),

looked_at as (
    select
        s.*,
        link_is_simple(s.url, s.short) as is_simple
    from shorts as s
),

ends as (
    select
        l.shard_no,
        l.file_row_number,
        l.url,
        case when l.is_simple then l.short else link_tail(l.url) end as tail
    from looked_at as l
),

near as (
    select
        e.shard_no,
        e.file_row_number,
        e.url,
        e.tail,
        link_host(e.url) as host
    from ends as e
    where e.tail is null or e.tail in (select t.tail from sought_tails as t)
),

hosted as (
    select
        n.shard_no,
        n.file_row_number,
        n.url,
        n.tail,
        n.host = '' or strlen(n.host) > link_longest() - 8 as is_odd,
        replace(n.host, 'www.', '') as host
    from near as n
)

select
    h.shard_no,
    h.file_row_number,
    h.url,
    true as is_own,
    false as is_holder
from hosted as h
where
    h.is_odd
    or case
        when h.tail is null then h.host in (select s.host from sought_hosts as s)
        else hash(h.tail, h.host) in (select e.short from sought_ends as e)
    end;
