-- name:    keep_changes
-- purpose: Of a delivery that brings others up to date, only what they do not hold already.
-- params:  $list_id  integer    the list that the delivery became
-- params:  $chain    integer[]  the lists that it brings up to date
-- params:  $is_full  boolean    it holds all that is listed: what it lacks was taken back
-- reads:   store.entries (list_id integer, kind varchar, digest varchar, hash ubigint, record_no bigint)
-- reads:   store.records (list_id integer, record_no bigint, id_digest varchar)
-- reads:   store.repeats (list_id integer, kind varchar, hash ubigint, record_no bigint)
-- writes:  kept_changes  (n_unchanged bigint, n_lacking bigint)
-- writes:  store.entries (list_id integer, kind varchar, digest varchar, hash ubigint, record_no bigint)
-- writes:  store.records (list_id integer, record_no bigint, id_digest varchar)
-- writes:  store.repeats (list_id integer, kind varchar, hash ubigint, record_no bigint)
-- nulls:   a digest is never null
-- order:   none
--
-- The entries that stay keep their place in the list that brought them, so that a month with a
-- thousand changes costs a thousand lines.

create or replace temp table own_hashes as
select e.hash
from store.entries as e
where e.list_id = $list_id;

create or replace temp table lacking as
select c.rowid as row_no
from store.entries as c
anti join own_hashes as o on c.hash = o.hash
where $is_full and list_contains($chain, c.list_id);

-- of one hash, if perhaps not of one digest: only these few are compared in full where a delta
-- comes, and all of them where a whole list does
create or replace temp table both_hashes as
select c.hash
from store.entries as c
semi join own_hashes as o on c.hash = o.hash
where list_contains($chain, c.list_id);

create or replace temp table unchanged as
with ours as (
    select
        e.rowid as row_no,
        e.kind,
        e.digest,
        e.hash
    from store.entries as e
    semi join both_hashes as b on e.hash = b.hash
    where e.list_id = $list_id
),

theirs as (
    select
        e.kind,
        e.digest,
        e.hash
    from store.entries as e
    semi join both_hashes as b on e.hash = b.hash
    where list_contains($chain, e.list_id)
)

select o.row_no
from ours as o
semi join theirs as t on o.hash = t.hash and o.digest = t.digest and o.kind = t.kind;

-- where a whole list comes, an id stands for what it says there, and for nothing that it said before
create or replace temp table said_again as
with own_claims as (
    select
        r.id_digest,
        e.hash
    from store.entries as e
    inner join store.records as r on e.list_id = r.list_id and e.record_no = r.record_no
    where e.list_id = $list_id
    union all
    select
        r.id_digest,
        p.hash
    from store.repeats as p
    inner join store.records as r on p.list_id = r.list_id and p.record_no = r.record_no
    where p.list_id = $list_id
),

claims_before as (
    select
        r.rowid as row_no,
        r.id_digest,
        e.hash
    from store.records as r
    inner join store.entries as e on r.list_id = e.list_id and r.record_no = e.record_no
    where list_contains($chain, r.list_id)
    union all
    select
        r.rowid as row_no,
        r.id_digest,
        p.hash
    from store.records as r
    inner join store.repeats as p on r.list_id = p.list_id and r.record_no = p.record_no
    where list_contains($chain, r.list_id)
)

select c.row_no
from claims_before as c
semi join own_claims as o on c.id_digest = o.id_digest and c.hash = o.hash
where $is_full;

delete from store.records
where
    $is_full
    and list_contains($chain, list_id)
    and rowid not in (select s.row_no from said_again as s);

-- another record of the giver lists it too: it is told by its id, if that is not known already
insert into store.repeats
select
    e.list_id,
    e.kind,
    e.hash,
    e.record_no
from store.entries as e
inner join store.records as r on e.list_id = r.list_id and e.record_no = r.record_no
where
    e.rowid in (select u.row_no from unchanged as u)
    and r.id_digest not in (
        select o.id_digest
        from store.records as o
        where list_contains($chain, o.list_id)
    );

delete from store.records
where
    list_id = $list_id
    and record_no in (
        select e.record_no
        from store.entries as e
        where e.rowid in (select u.row_no from unchanged as u)
    )
    and record_no not in (
        select p.record_no
        from store.repeats as p
        where p.list_id = $list_id
    );

create or replace temp table repeats_lacking as
with entries_lacking as (
    select
        e.kind,
        e.hash
    from store.entries as e
    where e.rowid in (select l.row_no from lacking as l)
)

select p.rowid as row_no
from store.repeats as p
semi join entries_lacking as e on p.kind = e.kind and p.hash = e.hash
where list_contains($chain, p.list_id);

delete from store.repeats
where rowid in (select r.row_no from repeats_lacking as r);

delete from store.entries
where
    rowid in (select l.row_no from lacking as l)
    or rowid in (select u.row_no from unchanged as u);

create or replace temp table kept_changes as
select
    (select count(*) from unchanged) as n_unchanged,
    (select count(*) from lacking) as n_lacking;
