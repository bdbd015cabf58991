-- name:    hit_keys
-- purpose: The link keys of the rows that a list hit, where they lead to one thing: listed links.
-- params:  none
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   link_keys (shard_no integer, file_row_number bigint, url_key varchar, host_digest varchar, names_part boolean)
-- writes:  hit_keys (list_id integer, digest varchar, host_digest varchar, tail varchar)
-- nulls:   host_digest is null where the host is odd; rows that could match are odd too
-- order:   list_id, digest
--
-- Listed for the whole run. A text that many rows carry without having more in common, be it `None`
-- or a host alone, would take all of them along: key_can_spread says which keys stand for one thing
-- (decisions/0004-listed-links.md). A link to part of a page (`#!`, names_part) has the key of the
-- page, which stands for all its parts. The last characters of a key (tail) tell other rows from
-- it at little cost: they stand in the private work folder, never in an output.

create or replace temp table hit_keys as
select distinct
    h.list_id,
    sha256(k.url_key) as digest,
    k.host_digest,
    substr(k.url_key, -24) as tail
from link_keys as k
inner join list_hits as h
    on k.shard_no = h.shard_no and k.file_row_number = h.file_row_number
where key_can_spread(k.url_key) and not k.names_part
order by h.list_id, digest;
