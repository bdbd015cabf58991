-- name:    hit_keys
-- purpose: The link keys of the rows that a list hit: listed links for the whole run.
-- params:  none
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   near_links (shard_no integer, file_row_number bigint, url varchar)
-- reads:   odd_keys (url varchar, url_key varchar, host_digest varchar)
-- writes:  hit_keys (list_id integer, digest varchar, host_digest varchar)
-- nulls:   host_digest is null where the host is odd; rows that could match are odd too
-- order:   list_id, digest

create or replace temp table hit_keys as
with keyed as (
    select
        n.shard_no,
        n.file_row_number,
        sha256(coalesce(o.url_key, link_stripped(n.url))) as digest,
        case when o.url is null then md5(link_host(n.url)) else o.host_digest end as host_digest
    from near_links as n
    left join odd_keys as o on n.url = o.url
)

select distinct
    h.list_id,
    k.digest,
    k.host_digest
from keyed as k
inner join list_hits as h
    on k.shard_no = h.shard_no and k.file_row_number = h.file_row_number
order by h.list_id, k.digest;
