-- name:    held_links
-- purpose: The links of near_links that may hold another one.
-- params:  none
-- reads:   near_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- writes:  holding_rows (shard_no integer, file_row_number bigint, url varchar)
-- writes:  holding_links (url varchar)
-- nulls:   none
-- order:   none
--
-- As `fast/15_near_links` has them, but whatever they hold: rows of listed sites are few.

create or replace temp table holding_rows as
select
    n.shard_no,
    n.file_row_number,
    n.url
from near_links as n
where may_hold_link(n.url);

create or replace temp table holding_links as
select distinct h.url
from holding_rows as h;
