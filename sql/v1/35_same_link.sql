-- name:    same_link
-- purpose: The other rows that carry a listed link, under any spelling of it.
-- params:  none
-- reads:   hit_keys (list_id integer, digest varchar)
-- reads:   link_keys (shard_no integer, file_row_number bigint, url_key varchar)
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer)
-- writes:  same_link (shard_no integer, file_row_number bigint, list_id integer)
-- nulls:   a row without a link has no same link
-- order:   shard_no, file_row_number, list_id
--
-- A listed image was found behind a link. The next row with that link, or with one that shows
-- the same (a link inside its link), may lack the hash: the download failed, or came later.
-- Yet it leads to the same place. It goes for the same list; rows that this list hit by
-- themselves are not repeated here.

create or replace temp table same_link as
with final as (
    select distinct
        r.shard_no,
        r.file_row_number,
        k.list_id
    from link_keys as r
    inner join hit_keys as k on sha256(r.url_key) = k.digest
)

select f.*
from final as f
anti join list_hits as h
    on
        f.shard_no = h.shard_no
        and f.file_row_number = h.file_row_number
        and f.list_id = h.list_id
order by f.shard_no, f.file_row_number, f.list_id;
