-- name:    inner_links
-- purpose: The links inside the rows' links, beside their own in near_links.
-- params:  none
-- reads:   nested_rows (shard_no integer, file_row_number bigint, url varchar)
-- reads:   inner_links (url varchar, inner_url varchar)
-- reads:   near_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- writes:  near_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- nulls:   none
-- order:   none
--
-- `https://i0.wp.com/example.com/a.jpg` shows what `example.com/a.jpg` shows. An inner link is
-- matched as though the row had it, and counted apart (form `inner`).

insert into near_links
select distinct
    n.shard_no,
    n.file_row_number,
    i.inner_url as url,
    'inner' as level
from nested_rows as n
inner join inner_links as i on n.url = i.url;
