-- name:    tell_apart
-- purpose: A delivery's entries of one kind: each once in the store, and counted.
-- params:  $list_id  integer  the list that the delivery became
-- params:  $kind     varchar  the kind to count
-- params:  $first    ubigint  smallest hash of this part; millions are counted by parts
-- params:  $last     ubigint  largest hash of this part
-- reads:   store.records (list_id integer, record_no bigint)
-- reads:   store.repeats (list_id integer, kind varchar, hash ubigint, record_no bigint)
-- reads:   store.entries (list_id integer, kind varchar, digest varchar, hash ubigint, record_no bigint)
-- writes:  taken         (n bigint, n_new bigint, n_known bigint, n_duplicate bigint)
-- writes:  store.entries (list_id integer, kind varchar, digest varchar, hash ubigint, record_no bigint)
-- writes:  store.repeats (list_id integer, kind varchar, hash ubigint, record_no bigint)
-- nulls:   a digest is never null
-- order:   none
--
-- An entry that an earlier list holds is stored for this list too: what a list finds by itself
-- must not depend on the order in which lists came. Digests whose hashes differ, differ: only those
-- of one hash are compared.

create or replace temp table same_hashes as
select e.hash
from store.entries as e
where e.list_id = $list_id and e.kind = $kind and e.hash between $first and $last
group by e.hash
having count(*) > 1;

create or replace temp table duplicates as
select
    e.rowid as row_no,
    row_number() over (partition by e.digest order by e.rowid) as n
from store.entries as e
semi join same_hashes as s on e.hash = s.hash
where e.list_id = $list_id and e.kind = $kind;

insert into store.repeats
select
    e.list_id,
    e.kind,
    e.hash,
    e.record_no
from store.entries as e
semi join store.records as r on e.list_id = r.list_id and e.record_no = r.record_no
where e.rowid in (select d.row_no from duplicates as d where d.n > 1);

delete from store.entries
where rowid in (select d.row_no from duplicates as d where d.n > 1);

-- of one hash, if perhaps not of one digest: only digests of these are compared, a store may hold
-- millions beside a delivery of a thousand
create or replace temp table earlier_hashes as
with ours as (
    select e.hash
    from store.entries as e
    where e.list_id = $list_id and e.kind = $kind and e.hash between $first and $last
)

select e.hash
from store.entries as e
semi join ours as o on e.hash = o.hash
where e.list_id != $list_id and e.kind = $kind and e.hash between $first and $last;

create or replace temp table taken as
with stored as (
    select count(*) as n
    from store.entries as e
    where e.list_id = $list_id and e.kind = $kind and e.hash between $first and $last
),

ours as (
    select
        e.hash,
        e.digest
    from store.entries as e
    semi join earlier_hashes as h on e.hash = h.hash
    where e.list_id = $list_id and e.kind = $kind
),

earlier as (
    select
        e.hash,
        e.digest
    from store.entries as e
    semi join earlier_hashes as h on e.hash = h.hash
    where e.list_id != $list_id and e.kind = $kind
),

counted as (
    select
        (select s.n from stored as s) as n_stored,
        (
            select count(*)
            from ours as o
            semi join earlier as e on o.hash = e.hash and o.digest = e.digest
        ) as n_known,
        (select count(*) from duplicates as d where d.n > 1) as n_duplicate
)

select
    c.n_stored + c.n_duplicate as n,
    c.n_stored - c.n_known as n_new,
    c.n_known,
    c.n_duplicate
from counted as c;
