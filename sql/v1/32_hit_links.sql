-- name:    hit_links
-- purpose: The links of the rows that a list hit, in the shape of near_links.
-- params:  none
-- reads:   list_hits (shard_no integer, file_row_number bigint)
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- writes:  near_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- nulls:   a hit row without a link lists no link
-- order:   none
--
-- Same shape as `fast/15_near_links` makes, so that `fast/19_odd_links` and `20_link_keys` serve both.

create or replace temp table near_links as
select
    s.shard_no,
    s.file_row_number,
    s.url,
    'own' as level
from row_links as s
semi join list_hits as h
    on s.shard_no = h.shard_no and s.file_row_number = h.file_row_number
where s.url is not null;
