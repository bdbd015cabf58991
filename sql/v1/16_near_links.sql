-- name:    near_links
-- purpose: The rows whose link stands on a listed host, or on one that SQL cannot judge.
-- params:  $has_links  boolean  whether any link, host or prefix is listed; without one, no row is near
-- params:  $has_inner  boolean  whether links inside links are looked at
-- reads:   shard (shard_no integer, file_row_number bigint, url varchar)
-- reads:   listed_hosts (host_digest varchar)
-- reads:   near_hosts (host varchar)
-- writes:  near_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- writes:  nested_rows (shard_no integer, file_row_number bigint, url varchar)
-- nulls:   a null link is never near
-- order:   none
--
-- Too many rows here cost time; one too few would be a missed link. So whatever is not
-- plainly `http(s)://` and an ordinary host goes on (`link_is_odd_host`). nested_rows are those
-- whose link may hold another link; 17_nested_links looks at these. level says whose link it
-- is: `own`, or `inner` for a link inside the row's link (18_inner_links).

create or replace temp table looked_at as
with judged as (
    select
        s.shard_no,
        s.file_row_number,
        s.url,
        (
            link_is_odd_host(s.url)
            or md5(link_host(s.url)) in (select h.host_digest from listed_hosts as h)
            or link_host(s.url) in (select n.host from near_hosts as n)
        ) as is_near,
        $has_inner and may_hold_link(s.url) as is_nested
    from shard as s
    where ($has_links or $has_inner) and s.url is not null
)

select
    j.shard_no,
    j.file_row_number,
    j.url,
    $has_links and j.is_near as is_near,
    j.is_nested
from judged as j
where ($has_links and j.is_near) or j.is_nested;

create or replace temp table near_links as
select
    l.shard_no,
    l.file_row_number,
    l.url,
    'own' as level
from looked_at as l
where l.is_near;

create or replace temp table nested_rows as
select
    l.shard_no,
    l.file_row_number,
    l.url
from looked_at as l
where l.is_nested;
