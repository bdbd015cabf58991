-- name:    hashed_rows
-- purpose: The rows that share a row hash with a row that leaves as cover, beside same_link.
-- params:  none
-- reads:   shard (shard_no integer, file_row_number bigint, row_hash bigint)
-- reads:   row_hashes (shard_no integer, file_row_number bigint, row_hash bigint)
-- reads:   cover_hashes (list_id integer, row_hash bigint)
-- reads:   same_link (shard_no integer, file_row_number bigint, list_id integer)
-- writes:  same_link (shard_no integer, file_row_number bigint, list_id integer)
-- nulls:   a row without a hash shares none
-- order:   none
--
-- Sidecars name rows by these, so that they are rows of shards here, or of sidecars.

insert into same_link
with final as (
    select
        s.shard_no,
        s.file_row_number,
        s.row_hash
    from shard as s
    where s.row_hash is not null
    union all
    select
        r.shard_no,
        r.file_row_number,
        r.row_hash
    from row_hashes as r
)

select distinct
    f.shard_no,
    f.file_row_number,
    c.list_id
from final as f
inner join cover_hashes as c on f.row_hash = c.row_hash;
