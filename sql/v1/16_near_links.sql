-- name:    near_links
-- purpose: The rows whose link stands on a listed host, or on one that SQL cannot judge.
-- params:  $has_links  boolean  whether any link, host or prefix is listed; without one, no row is near
-- params:  $has_inner  boolean  whether links inside links are looked at
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- reads:   near_places (place varchar)
-- writes:  near_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- writes:  nested_rows (shard_no integer, file_row_number bigint, url varchar)
-- nulls:   a null link is never near
-- order:   none
--
-- Too many rows here cost time; one too few would be a missed link. So whatever does not begin
-- with `http://` or `https://` goes on. nested_rows are those whose link may hold another link;
-- 17_nested_links looks at these. level says whose link it is: `own`, or `inner` for a link
-- inside the row's link (18_inner_links).

create or replace temp table looked_at as
with judged as (
    select
        s.shard_no,
        s.file_row_number,
        s.url,
        $has_links and (
            not (starts_with(s.url, 'https://') or starts_with(s.url, 'http://'))
            or split_part(s.url, '/', 3) in (select p.place from near_places as p)
        ) as is_near,
        $has_inner and may_hold_link(s.url) as is_nested
    from row_links as s
    where ($has_links or $has_inner) and s.url is not null
)

select
    j.shard_no,
    j.file_row_number,
    j.url,
    j.is_near,
    j.is_nested
from judged as j
where j.is_near or j.is_nested;

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
