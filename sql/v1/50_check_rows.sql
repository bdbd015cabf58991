-- name:    check_rows
-- purpose: Editions that remove a row which is in no shard.
-- params:  none
-- reads:   shards (shard_no integer, n_rows bigint)
-- reads:   removals (edition varchar, shard_no integer, file_row_number bigint)
-- writes:  check_rows (edition varchar)
-- nulls:   none
-- order:   none
--
-- So rows kept and rows removed are the rows of the shard; the writer counts them once more.

create or replace temp view check_rows as
select distinct r.edition
from removals as r
anti join shards as s
    on r.shard_no = s.shard_no and r.file_row_number >= 0 and r.file_row_number < s.n_rows;
