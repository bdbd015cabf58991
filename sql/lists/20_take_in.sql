-- name:    take_in
-- purpose: Some entries of a delivery into the store, as they came.
-- params:  $list_id  integer  the list that the delivery becomes
-- reads:   incoming      (kind varchar, digest varchar, host_digest varchar)
-- writes:  store.entries (list_id integer, kind varchar, digest varchar, host_digest varchar, hash ubigint)
-- nulls:   a digest is never null
-- order:   none
--
-- What the delivery holds twice is taken out at its end (30_tell_apart), of what little it is.

insert into store.entries
select
    $list_id as list_no,
    i.kind,
    i.digest,
    i.host_digest,
    hash(i.digest) as digest_hash
from incoming as i;
