-- name:    hit_tails
-- purpose: The hosts and tails of the links that lists hit, and the links that end so.
-- params:  $has_inner  boolean  whether links inside links are looked at
-- params:  $hit_words  varchar  what 13_hit_words made; null passes every link
-- reads:   hit_keys (host_digest varchar, tail varchar)
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- writes:  listed_hosts (host_digest varchar, is_open boolean)
-- writes:  listed_domains (host_digest varchar)
-- writes:  listed_tails (host_digest varchar, tail usmallint)
-- writes:  listed_keys (short ubigint)
-- writes:  long_tailed_links (shard_no integer, file_row_number bigint, url varchar, is_own boolean, is_holder boolean)
-- writes:  possible_links (shard_no integer, file_row_number bigint, url varchar, is_own boolean, is_holder boolean)
-- nulls:   an odd host has no digest, an end that is not plain no tail: such rows all go on
-- order:   none
--
-- In the shape of `14_listed_hosts`. The last characters of a link tell nearly all rows from the
-- few links that are looked for (`link_tail`, which says why none is lost): they are compared
-- before anything that costs more; those that pass are few, and go on (is_open). Here single links
-- are looked for, never what lies below a host.
-- Five links in six are simple (`link_is_simple`). Of these the tail is what stands there, and that of
-- the links inside, too, but where a `?`, an `&` or another link may cut one (`inner_tail`). Of all
-- others those go on that have a word of a link that is looked for, which costs less than their tails.

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

create or replace temp table tailed_links as
with tails as (
    select distinct substr(k.tail, -8) as tail
    from hit_keys as k
),

shorts as (
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
        s.shard_no,
        s.file_row_number,
        s.url,
        s.short,
        link_is_simple(s.url, s.short) as is_simple
    from shorts as s
),

worded as (
    select l.*
    from looked_at as l
    where case when l.is_simple then true else coalesce(regexp_matches(l.url, $hit_words), true) end
),

ends as (
    select
        w.shard_no,
        w.file_row_number,
        w.url,
        w.is_simple,
        case when w.is_simple then w.short else link_tail(w.url) end as tail
    from worded as w
),

compared as (
    select
        e.shard_no,
        e.file_row_number,
        e.url,
        e.is_simple,
        e.tail is null or e.tail in (select t.tail from tails as t) as is_own
    from ends as e
),

judged as (
    select
        c.shard_no,
        c.file_row_number,
        c.url,
        c.is_own,
        c.is_simple,
        case
            when
                $has_inner
                and (
                    c.is_own or not c.is_simple or not link_is_one(c.url)
                    or contains(c.url, '?') or contains(c.url, '&')
                )
                then may_hold_link(c.url)
            else false
        end as may_hold
    from compared as c
),

held as (
    select
        j.*,
        case
            when j.may_hold and j.is_simple then coalesce(regexp_matches(j.url, $hit_words), true)
            else j.may_hold
        end as is_holder
    from judged as j
)

select
    h.shard_no,
    h.file_row_number,
    h.url,
    h.is_own,
    h.is_holder
from held as h
where h.is_own or h.is_holder;

-- Many links end in `?w=640&h=480`: those that do are compared further.
create or replace temp table long_tailed_links as
with ends as (
    select
        t.shard_no,
        t.file_row_number,
        t.url,
        t.is_own,
        t.is_holder,
        case when t.is_own then link_long_tail(t.url) end as tail
    from tailed_links as t
),

judged as (
    select
        e.shard_no,
        e.file_row_number,
        e.url,
        e.is_own and (e.tail is null or e.tail in (select k.tail from hit_keys as k)) as is_own,
        e.is_holder
    from ends as e
)

select
    j.shard_no,
    j.file_row_number,
    j.url,
    j.is_own,
    j.is_holder
from judged as j
where j.is_own or j.is_holder;

create or replace temp view possible_links as
select
    l.shard_no,
    l.file_row_number,
    l.url,
    l.is_own,
    l.is_holder
from long_tailed_links as l;
