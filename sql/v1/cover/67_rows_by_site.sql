-- name:    rows_by_site
-- purpose: The rows of each listed site; the listed ones among them once more, by a number of their own.
-- params:  none
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   listed_rows (shard_no integer, file_row_number bigint)
-- writes:  list_hits (shard_no integer, file_row_number bigint, list_id integer)
-- nulls:   none
-- order:   none
--
-- 57_removed_sites gives each listed site an even number above 0; its listed rows have the next one.
-- So what these rows share is found for each site by the scripts that find it for labels.

insert into list_hits
select distinct
    h.shard_no,
    h.file_row_number,
    h.list_id + 1 as list_id
from list_hits as h
semi join listed_rows as l
    on h.shard_no = l.shard_no and h.file_row_number = l.file_row_number
where h.list_id > 0 and h.list_id % 2 = 0;
