-- name:    near_links
-- purpose: The links that could be listed, by their hosts and keys, or the hosts of links inside.
-- params:  $has_hosts  boolean  whether any host is listed with what lies below it
-- params:  $has_hashed  boolean  whether hashed links are listed: their hosts are unknown
-- reads:   possible_links (shard_no integer, file_row_number bigint, url varchar, is_own boolean, is_holder boolean)
-- reads:   listed_hosts (host_digest varchar, is_open boolean)
-- reads:   listed_domains (host_digest varchar)
-- reads:   listed_tails (host_digest varchar, tail usmallint)
-- reads:   listed_keys (short ubigint)
-- writes:  near_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- writes:  holding_rows (shard_no integer, file_row_number bigint, url varchar)
-- writes:  holding_links (url varchar)
-- nulls:   none
-- order:   none
--
-- Too many rows here cost time; one too few would be a missed link. So whatever does not begin
-- with `http://` or `https://` goes on, and whatever does not plainly stand on a host.
-- The place of `https://a.b.example/1.jpg` is `a.b.example`: what stands between two slashes and
-- the next one. Places are few beside rows, so each is judged once. Near is one whose host is
-- listed; one that lies below a listed host (for `*.example.com` any whose host ends in
-- `.example.com`); and one that is not plainly a host, since SQL cannot judge it. Where single links
-- alone are listed on a host, a link there has to end as one of them, by 16 bits of its last eight
-- characters, where these are plainly those of its key; and one whose key SQL can prove, as it stands
-- or tidied, has to be one of them by 64 bits.
-- holding_links are those that hold another link which could be listed; Python writes what
-- `relaion.links.inner_links` finds in each to inner_links (url varchar, inner_url varchar).

create or replace temp table near_places as
with places as (
    select distinct split_part(s.url, '/', 3) as place
    from possible_links as s
    where s.is_own
),

hosts as (
    select
        p.place,
        link_place_host(p.place) as host
    from places as p
),

endings as (
    select
        h.place,
        unnest(link_host_endings(h.host)) as ending
    from hosts as h
    where $has_hosts and h.host != ''
)

select
    h.place,
    true as is_open
from hosts as h
where h.host = ''
union
select
    h.place,
    l.is_open
from hosts as h
inner join listed_hosts as l on link_host_digest(h.host) = l.host_digest
union
select
    e.place,
    true as is_open
from endings as e
semi join listed_domains as d on link_host_digest(e.ending) = d.host_digest;

-- To take a place out of a link costs four times as much as to look at twelve characters of it:
-- those behind `https://`, which of a link of http are the second of the place and more. A head is
-- open where a place that begins so is.
create or replace temp table near_heads as
with heads as (
    select
        substr(p.place, 1, 12) as head,
        p.is_open
    from near_places as p
    union all
    select
        substr(p.place, 2, 12) as head,
        p.is_open
    from near_places as p
)

select
    h.head,
    bool_or(h.is_open) as is_open
from heads as h
group by h.head;

-- How the listed links end on places that begin so; a head where it is not known of one: all ends
-- may be listed there.
create or replace temp table near_tails as
with ends as (
    select
        p.place,
        t.tail
    from near_places as p
    inner join listed_tails as t on link_host_digest(link_place_host(p.place)) = t.host_digest
    where not p.is_open
),

heads as (
    select
        unnest([substr(e.place, 1, 12), substr(e.place, 2, 12)]) as head,
        e.tail
    from ends as e
)

select distinct
    case when h.tail is not null then hash(h.head, h.tail) end as short,
    case when h.tail is null then h.head end as head
from heads as h;

-- What is left of the links on such hosts by their ends and keys. To prove a key and to hash it costs
-- more than all before. Behind a head that is not open the place need not be known: a link on another
-- host has no listed key.
create or replace temp table left_links as
with headed as (
    select
        s.shard_no,
        s.file_row_number,
        s.url,
        substr(s.url, 9, 12) as head,
        not starts_with(s.url, 'https://') and not starts_with(s.url, 'http://') as is_bare
    from possible_links as s
    where s.is_own
),

near as (
    select
        h.shard_no,
        h.file_row_number,
        h.url,
        h.is_bare,
        h.head,
        -- behind three slashes no place stands, but a host may
        h.head in (select n.head from near_heads as n where not n.is_open)
        and not starts_with(h.url, 'http:///') as is_closed
    from headed as h
    where
        h.is_bare
        or h.head in (select n.head from near_heads as n)
        -- a place of fewer characters, or none
        or contains(h.head, '/') or starts_with(h.url, 'http:///')
),

placed as (
    select
        n.*,
        case when not n.is_bare and not n.is_closed then split_part(n.url, '/', 3) end as place
    from near as n
),

on_hosts as (
    select
        p.shard_no,
        p.file_row_number,
        p.url,
        case when p.is_closed then p.head else substr(p.place, 1, 12) end as head,
        p.is_bare or coalesce(
            p.place in (select n.place from near_places as n where n.is_open), false
        ) as is_open
    from placed as p
    where p.is_bare or p.is_closed or p.place in (select n.place from near_places as n)
),

ended as (
    select
        o.*,
        case when not o.is_open then link_tail_bits(link_tail(o.url)) end as tail
    from on_hosts as o
),

ended_so as (
    select
        e.shard_no,
        e.file_row_number,
        e.url,
        e.is_open
    from ended as e
    where
        e.tail is null
        or hash(e.head, e.tail) in (select n.short from near_tails as n where n.short is not null)
        or e.head in (select n.head from near_tails as n where n.head is not null)
),

judged as (
    select
        e.*,
        not e.is_open and link_is_canonical(e.url) as is_canonical
    from ended_so as e
),

keyed as (
    select
        j.*,
        case when j.is_canonical then hash(sha256(link_stripped(j.url))) end as short
    from judged as j
)

select
    k.shard_no,
    k.file_row_number,
    k.url,
    -- as it is; any other is judged by its key as far as SQL can tell it, below
    k.is_open or k.is_canonical as goes_on
from keyed as k
where not k.is_canonical or k.short in (select l.short from listed_keys as l);

-- Nearly nine in ten of those that are not canonical are so as soon as they are tidied.
create or replace temp table near_links as
with lowered as (
    select
        l.*,
        case when not l.goes_on then link_lowered(l.url) end as low
    from left_links as l
),

undone as (
    select
        l.*,
        link_undone(l.low) as undone
    from lowered as l
),

tidied as (
    select
        u.*,
        link_tidied(u.undone) as tidy
    from undone as u
),

keyed as (
    select
        t.*,
        case when link_is_canonical(t.tidy) then hash(sha256(link_stripped(t.tidy))) end as short
    from tidied as t
)

select
    k.shard_no,
    k.file_row_number,
    k.url,
    'own' as level
from keyed as k
where k.short is null or k.short in (select l.short from listed_keys as l);

create or replace temp table holding_rows as
select
    s.shard_no,
    s.file_row_number,
    s.url
from possible_links as s
where s.is_holder;

create or replace temp table holding_texts as
with held as (
    select distinct h.url
    from holding_rows as h
),

rests as (
    select
        h.url,
        case when not $has_hashed then inner_rest(h.url) end as rest
    from held as h
),

texts as (
    select
        r.url,
        inner_texts(r.rest) as texts
    from rests as r
),

lowered as (
    select
        t.url,
        t.texts,
        lower(t.texts) as low
    from texts as t
)

select
    l.url,
    l.low,
    $has_hashed or inner_is_odd(l.url, l.texts, l.low) as is_odd
from lowered as l;

create or replace temp table holding_words as
with words as (
    select
        t.url,
        unnest(inner_words(t.low)) as word
    from holding_texts as t
    where not t.is_odd
)

select
    w.url,
    w.word
from words as w
where contains(w.word, '.');

create or replace temp table holding_links as
with hosts as (
    select distinct w.word
    from holding_words as w
),

endings as (
    select
        h.word,
        unnest(link_host_endings(h.word)) as ending
    from hosts as h
    where $has_hosts
),

near_words as (
    select h.word
    from hosts as h
    semi join listed_hosts as l on link_host_digest(h.word) = l.host_digest
    union
    select e.word
    from endings as e
    semi join listed_domains as d on link_host_digest(e.ending) = d.host_digest
)

select t.url
from holding_texts as t
where t.is_odd
union
select w.url
from holding_words as w
semi join near_words as n on w.word = n.word;
