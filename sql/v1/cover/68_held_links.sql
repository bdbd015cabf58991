-- name:    held_links
-- purpose: The links of rows of listed sites that may hold another one.
-- params:  none
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   near_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- writes:  holding_rows (shard_no integer, file_row_number bigint, url varchar)
-- writes:  holding_links (url varchar)
-- nulls:   none
-- order:   none
--
-- As `fast/15_near_links` has them, but whatever they hold: rows of listed sites are few. A list_id
-- above 0 is such a site (57_removed_sites).

create or replace temp table holding_rows as
with by_site as (
    select distinct
        h.shard_no,
        h.file_row_number
    from list_hits as h
    where h.list_id > 0
)

select
    n.shard_no,
    n.file_row_number,
    n.url
from near_links as n
semi join by_site as h
    on n.shard_no = h.shard_no and n.file_row_number = h.file_row_number
where may_hold_link(n.url);

create or replace temp table holding_links as
select distinct h.url
from holding_rows as h;
