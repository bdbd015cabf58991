-- name:    left_rows
-- purpose: The rows of the old set that are not in the new one, each by what identifies it.
-- params:  $by_row  boolean  whether row hashes are identities
-- reads:   rows (shard_no integer, file_row_number bigint, row_hash bigint, link_bytes integer)
-- reads:   row_ids (shard_no integer, file_row_number bigint, link_id uuid)
-- reads:   new_links (link_id uuid)
-- writes:  rows (shard_no integer, file_row_number bigint, row_hash bigint, link_bytes integer)
-- nulls:   of a row with neither a row hash nor a link nobody can tell that it left
-- order:   shard_no, file_row_number
--
-- `rows` are those that `81_gone_rows` left: where row hashes are identities, a row that has one is
-- gone. Of any other the link decides, as it does in a diff (`82_diff`); `row_ids` has one line for
-- each of these that has a link.

create or replace temp table rows as
select
    r.shard_no,
    r.file_row_number,
    r.row_hash,
    r.link_bytes
from rows as r
left join row_ids as i
    on r.shard_no = i.shard_no and r.file_row_number = i.file_row_number
where
    ($by_row and r.row_hash is not null)
    or (i.link_id is not null and i.link_id not in (select n.link_id from new_links as n))
order by r.shard_no, r.file_row_number;
