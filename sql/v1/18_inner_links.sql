-- name:    inner_links
-- purpose: The links inside the rows' links, beside their own in near_links.
-- params:  none
-- reads:   holding_rows (shard_no integer, file_row_number bigint, url varchar)
-- reads:   inner_links (url varchar, inner_url varchar)
-- reads:   near_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- writes:  near_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- nulls:   none
-- order:   none
--
-- `https://i0.wp.com/example.com/a.jpg` shows what `example.com/a.jpg` shows. An inner link is
-- matched as though the row had it, and counted apart (level `inner`).

insert into near_links
select distinct
    h.shard_no,
    h.file_row_number,
    i.inner_url as url,
    'inner' as level
from holding_rows as h
inner join inner_links as i on h.url = i.url;
