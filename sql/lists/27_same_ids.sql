-- name:    same_ids
-- purpose: Givers' ids that stand for another value in a delivery than in the lists that it updates.
-- params:  $list_id  integer    the list that the delivery became
-- params:  $chain    integer[]  the lists that it brings up to date
-- reads:   store.records (list_id integer, record_no bigint, id_digest varchar)
-- reads:   store.entries (list_id integer, kind varchar, digest varchar, record_no bigint)
-- writes:  same_ids      (n bigint)
-- nulls:   a value without a record has no id, and is none of these
-- order:   none
--
-- A giver may correct a digest by giving the id of its record another one, and never takes the first
-- back: then both are listed. An id under which the delivery gives the old value, too, is no such.
-- What the delivery took back is out before (25_take_back).

create or replace temp table same_ids as
with ours as (
    select distinct
        r.id_digest,
        e.kind,
        e.digest
    from store.records as r
    inner join store.entries as e on r.list_id = e.list_id and r.record_no = e.record_no
    where r.list_id = $list_id
),

theirs as (
    select distinct
        r.id_digest,
        e.kind,
        e.digest
    from store.records as r
    semi join ours as o on r.id_digest = o.id_digest
    inner join store.entries as e on r.list_id = e.list_id and r.record_no = e.record_no
    where list_contains($chain, r.list_id)
),

new as (
    select o.*
    from ours as o
    anti join theirs as t
        on o.id_digest = t.id_digest and o.kind = t.kind and o.digest = t.digest
),

left_there as (
    select t.*
    from theirs as t
    anti join ours as o
        on t.id_digest = o.id_digest and t.kind = o.kind and t.digest = o.digest
)

select count(distinct n.id_digest) as n
from new as n
semi join left_there as l on n.id_digest = l.id_digest and n.kind = l.kind;
