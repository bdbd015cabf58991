-- name:    take_in
-- purpose: Some entries of a delivery into the store, as they came.
-- params:  $list_id  integer  the list that the delivery becomes
-- reads:   incoming      (kind varchar, digest varchar, host_digest varchar, record_no bigint, trait_id integer)
-- writes:  store.entries (list_id integer, kind varchar, digest varchar, host_digest varchar, hash ubigint, record_no bigint, trait_id integer)
-- nulls:   a digest is never null
-- order:   none
--
-- What the delivery takes back again, and what it holds twice, is taken out at its end
-- (25_take_back, 30_tell_apart), of what little it is.

insert into store.entries
select
    $list_id as list_no,
    i.kind,
    i.digest,
    i.host_digest,
    hash(i.digest) as digest_hash,
    i.record_no,
    i.trait_id
from incoming as i;
