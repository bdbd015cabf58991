-- name:    same_link
-- purpose: The other rows that carry a listed link, under any spelling of it.
-- params:  none
-- reads:   hit_keys (list_id integer, digest varchar)
-- reads:   near_links (shard_no integer, file_row_number bigint, url varchar)
-- reads:   odd_keys (url varchar, url_key varchar, host_digest varchar)
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer)
-- writes:  same_link (shard_no integer, file_row_number bigint, list_id integer)
-- nulls:   a row without a link has no same link
-- order:   shard_no, file_row_number, list_id
--
-- A listed image was found behind a link. The next row with that link may lack the hash (the
-- download failed, or came later), yet it leads to the same place. It goes for the same list;
-- rows that this list hit by themselves are not repeated here.

create or replace temp table same_link as
with keyed as (
    select
        n.shard_no,
        n.file_row_number,
        sha256(coalesce(o.url_key, link_stripped(n.url))) as digest
    from near_links as n
    left join odd_keys as o on n.url = o.url
),

final as (
    select distinct
        r.shard_no,
        r.file_row_number,
        k.list_id
    from keyed as r
    inner join hit_keys as k on r.digest = k.digest
)

select f.*
from final as f
anti join list_hits as h
    on
        f.shard_no = h.shard_no
        and f.file_row_number = h.file_row_number
        and f.list_id = h.list_id
order by f.shard_no, f.file_row_number, f.list_id;
