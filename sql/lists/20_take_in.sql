-- name:    take_in
-- purpose: Some entries of a delivery into the store, as they came.
-- params:  $list_id  integer  the list that the delivery becomes
-- reads:   incoming      (kind varchar, digest varchar, place varchar, record_no bigint, trait_id integer)
-- writes:  store.entries (list_id integer, kind varchar, digest varchar, host_digest varchar, hash ubigint, record_no bigint, trait_id integer, tail usmallint)
-- nulls:   a digest is never null; a place is where the host is odd, and of what is no link
-- order:   none
--
-- A place is the digest of a host, 32 characters, and of a link the last eight of its key behind it,
-- of which 16 bits are kept (`link_tail_bits` in v1/05_link_macros.sql makes the same of rows).
-- What the delivery takes back again, and what it holds twice, is taken out at its end
-- (25_take_back, 30_tell_apart), of what little it is.

insert into store.entries
select
    $list_id as list_no,
    i.kind,
    i.digest,
    left(i.place, 32) as host_digest,
    hash(i.digest) as digest_hash,
    i.record_no,
    i.trait_id,
    case
        when i.kind = 'url'
            then (try_cast(encode(substr(i.place, 33))::bit as ubigint) % 65521)::usmallint
    end as tail
from incoming as i;
