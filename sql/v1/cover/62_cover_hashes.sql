-- name:    cover_hashes
-- purpose: The row hashes of rows that leave as cover, by which sidecars name them.
-- params:  none
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   shard (shard_no integer, file_row_number bigint, row_hash bigint)
-- writes:  cover_hashes (list_id integer, row_hash bigint)
-- nulls:   a row without a hash has none here; Python adds those that can be computed
-- order:   none

create or replace temp table cover_hashes as
select distinct
    h.list_id,
    s.row_hash
from shard as s
inner join list_hits as h
    on s.shard_no = h.shard_no and s.file_row_number = h.file_row_number
where s.row_hash is not null;
