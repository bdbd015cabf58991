-- name:    all_links
-- purpose: Every link, in the shape of those whose ends are looked for: where most have such an end.
-- params:  none
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- writes:  long_tailed_links (shard_no integer, file_row_number bigint, url varchar, is_own boolean, is_holder boolean)
-- nulls:   a row without a link has none to be known by
-- order:   none
--
-- In place of `fast/17_sought_links`: to compare the ends of links costs as much as to prove their keys,
-- and tells few apart where nearly all rows of one set are looked for in another.

create or replace temp table long_tailed_links as
select
    s.shard_no,
    s.file_row_number,
    s.url,
    true as is_own,
    false as is_holder
from row_links as s
where s.url is not null;
