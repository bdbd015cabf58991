-- name:    hit_keys
-- purpose: The link keys of the rows that a list hit: listed links for the whole run.
-- params:  none
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   link_keys (shard_no integer, file_row_number bigint, url_key varchar, host_digest varchar)
-- writes:  hit_keys (list_id integer, digest varchar, host_digest varchar)
-- nulls:   host_digest is null where the host is odd; rows that could match are odd too
-- order:   list_id, digest

create or replace temp table hit_keys as
select distinct
    h.list_id,
    sha256(k.url_key) as digest,
    k.host_digest
from link_keys as k
inner join list_hits as h
    on k.shard_no = h.shard_no and k.file_row_number = h.file_row_number
order by h.list_id, digest;
