-- name:    take_back
-- purpose: What a delivery takes back, out of it and out of the lists that it brings up to date.
-- params:  $list_id  integer    the list that the delivery became
-- params:  $chain    integer[]  the lists that it brings up to date; none for a list by itself
-- params:  $starts   bigint[]   the first record of each file of the delivery, in order
-- reads:   undone        (kind varchar, digest varchar, record_no bigint, id_digest varchar)
-- reads:   unchosen      (kind varchar, digest varchar, record_no bigint, id_digest varchar)
-- reads:   gone          (record_no bigint, id_digest varchar)
-- reads:   store.records (list_id integer, record_no bigint, id_digest varchar)
-- reads:   store.entries (list_id integer, kind varchar, digest varchar, hash ubigint, record_no bigint)
-- reads:   store.repeats (list_id integer, kind varchar, hash ubigint, record_no bigint)
-- writes:  undone        (kind varchar, digest varchar, record_no bigint, id_digest varchar)
-- writes:  gone          (record_no bigint, id_digest varchar)
-- writes:  taken_back    (n_own bigint, n_earlier bigint, n_unchosen bigint, n_unmet bigint, n_elsewhere bigint, n_still bigint, n_parted bigint, n_parted_in bigint, n_beside bigint)
-- writes:  store.records (list_id integer, record_no bigint, id_digest varchar)
-- writes:  store.entries (list_id integer, kind varchar, digest varchar, hash ubigint, record_no bigint)
-- writes:  store.repeats (list_id integer, kind varchar, hash ubigint, record_no bigint)
-- nulls:   an id may be unknown: then its digest alone says what is taken back
-- order:   within a delivery the later record holds
--
-- A record takes back what the giver named by the same id, and where there is no id, every record
-- of the same digest. Of an id that a giver used again it takes back the records that hold what it
-- names, and where none does, all. A giver may list a digest in several records (`repeats` are those beside the
-- first): it stays listed until all of them are taken back. What `--where` does not choose of a
-- delivery that brings a list up to date is taken back too, unless another record of it is chosen.
-- A record whose digests stand neither in the delivery nor in those lists, and whose id they do not
-- know, took nothing back: it is counted (`n_unmet`), as is what other lists hold of it. So is what
-- was taken back and stays listed by another list (`n_still`), and what one file of the delivery
-- lists and another one takes back (`n_parted`, of which `n_parted_in` stay listed), and what stands
-- beside a digest that was taken back in its record, and stays listed (`n_beside`).

insert into undone
select u.*
from unchosen as u
anti join store.entries as e
    on e.list_id = $list_id and u.kind = e.kind and u.digest = e.digest;

insert into gone
select
    u.record_no,
    u.id_digest
from undone as u
semi join unchosen as c on u.record_no = c.record_no and u.digest = c.digest
anti join store.records as r on r.list_id = $list_id and u.id_digest = r.id_digest
where u.id_digest is not null;

-- where a giver used an id again, the records of it that hold what the row names, if any does
create or replace temp table gone_records as
with of_id as (
    select
        r.list_id,
        r.record_no,
        g.record_no as gone_no
    from store.records as r
    inner join gone as g on r.id_digest = g.id_digest
    where r.list_id = $list_id or list_contains($chain, r.list_id)
),

held as (
    select
        e.list_id,
        e.record_no,
        e.kind,
        e.hash
    from store.entries as e
    semi join of_id as o on e.list_id = o.list_id and e.record_no = o.record_no
    union all
    select
        p.list_id,
        p.record_no,
        p.kind,
        p.hash
    from store.repeats as p
    semi join of_id as o on p.list_id = o.list_id and p.record_no = o.record_no
),

hits as (
    select distinct
        o.list_id,
        o.record_no,
        o.gone_no
    from of_id as o
    inner join held as h on o.list_id = h.list_id and o.record_no = h.record_no
    inner join undone as u
        on o.gone_no = u.record_no and h.kind = u.kind and h.hash = hash(u.digest)
    where o.list_id != $list_id or o.record_no < o.gone_no
),

final as (
    select * from hits
    union all
    select o.*
    from of_id as o
    anti join hits as h on o.gone_no = h.gone_no
)

select * from final;

create or replace temp table maybe_out as
with undone_hashes as (
    select hash(u.digest) as short
    from undone as u
),

gone_hashes as (
    select p.hash as short
    from store.repeats as p
    semi join gone_records as r on p.list_id = r.list_id and p.record_no = r.record_no
),

by_digest as (
    select e.rowid as row_no
    from store.entries as e
    semi join undone_hashes as s on e.hash = s.short
    where e.list_id = $list_id or list_contains($chain, e.list_id)
),

by_id as (
    select e.rowid as row_no
    from store.entries as e
    semi join gone_records as r on e.list_id = r.list_id and e.record_no = r.record_no
),

by_repeat as (
    select e.rowid as row_no
    from store.entries as e
    semi join gone_hashes as s on e.hash = s.short
    where list_contains($chain, e.list_id)
),

final as (
    select * from by_digest
    union
    select * from by_id
    union
    select * from by_repeat
)

select f.row_no
from final as f;

create or replace temp table named as
select
    e.rowid as row_no,
    e.list_id = $list_id as is_own,
    e.list_id,
    e.kind,
    e.digest,
    e.hash,
    e.record_no
from store.entries as e
where e.rowid in (select m.row_no from maybe_out as m);

create or replace temp table unmet as
with met as (
    select u.record_no
    from undone as u
    semi join named as n on u.kind = n.kind and u.digest = n.digest
    union
    select g.record_no
    from gone as g
    inner join store.records as r on g.id_digest = r.id_digest
    where r.list_id = $list_id or list_contains($chain, r.list_id)
)

select
    u.record_no,
    u.kind,
    u.digest
from undone as u
anti join unchosen as c on u.record_no = c.record_no
anti join met as m on u.record_no = m.record_no;

create or replace temp table met_elsewhere as
with unmet_hashes as (
    select hash(u.digest) as short
    from unmet as u
),

held_there as (
    select
        e.kind,
        e.digest
    from store.entries as e
    semi join unmet_hashes as h on e.hash = h.short
    where e.list_id != $list_id and not list_contains($chain, e.list_id)
)

select distinct u.record_no
from unmet as u
semi join held_there as o on u.kind = o.kind and u.digest = o.digest;

-- the records that list an entry, by their ids
create or replace temp table claims as
with of_entry as (
    select
        n.*,
        r.id_digest,
        r.list_id as by_list
    from named as n
    inner join store.records as r on n.list_id = r.list_id and n.record_no = r.record_no
),

of_repeat as (
    select
        n.* replace (p.record_no as record_no),
        r.id_digest,
        r.list_id as by_list
    from named as n
    inner join store.repeats as p on n.hash = p.hash and n.kind = p.kind
    inner join store.records as r on p.list_id = r.list_id and p.record_no = r.record_no
    where not n.is_own and list_contains($chain, p.list_id)
),

final as (
    select * from of_entry
    union
    select * from of_repeat
)

select * from final;

create or replace temp table claims_left as
select c.row_no
from claims as c
left join undone as u
    on
        c.kind = u.kind
        and c.digest = u.digest
        and c.id_digest = u.id_digest
        and (not c.is_own or c.record_no < u.record_no)
left join gone_records as g
    on
        c.by_list = g.list_id
        and c.record_no = g.record_no
        and (not c.is_own or c.record_no < g.gone_no)
where u.digest is null and g.gone_no is null;

create or replace temp table out_rows as
with by_its_digest as (
    select
        n.row_no,
        n.is_own
    from named as n
    inner join undone as u on n.kind = u.kind and n.digest = u.digest
    where
        (not n.is_own or coalesce(u.record_no > n.record_no, true))
        and (u.id_digest is null or n.row_no not in (select c.row_no from claims as c))
),

by_its_claims as (
    select distinct
        c.row_no,
        c.is_own
    from claims as c
    anti join claims_left as l on c.row_no = l.row_no
)

select * from by_its_digest
union
select * from by_its_claims;

-- who lists it again does so by a new record
create or replace temp table repeats_out as
with entries_out as (
    select
        n.kind,
        n.hash
    from named as n
    semi join out_rows as o on n.row_no = o.row_no
    where not n.is_own
)

select p.rowid as row_no
from store.repeats as p
semi join entries_out as e on p.kind = e.kind and p.hash = e.hash
where list_contains($chain, p.list_id);

delete from store.repeats
where rowid in (select r.row_no from repeats_out as r);

create or replace temp table unchosen_out as
select count(*) as n
from named as n
semi join out_rows as o on n.row_no = o.row_no
semi join unchosen as u on n.kind = u.kind and n.digest = u.digest
where not n.is_own;

create or replace temp table still_listed as
with gone_hashes as (
    select n.hash
    from named as n
    semi join out_rows as o on n.row_no = o.row_no
    where not n.is_own
),

held_there as (
    select
        e.kind,
        e.digest
    from store.entries as e
    semi join gone_hashes as g on e.hash = g.hash
    where e.list_id != $list_id and not list_contains($chain, e.list_id)
)

select distinct
    n.kind,
    n.digest
from named as n
semi join out_rows as o on n.row_no = o.row_no
semi join held_there as h on n.kind = h.kind and n.digest = h.digest
where not n.is_own;

create or replace temp table parted as
select distinct
    n.row_no,
    n.row_no in (select o.row_no from out_rows as o) as is_out
from named as n
inner join undone as u on n.kind = u.kind and n.digest = u.digest
left join claims as c on n.row_no = c.row_no
where
    n.is_own
    and (u.id_digest is null or c.id_digest is null or u.id_digest = c.id_digest)
    and len(list_filter($starts, lambda s: s <= n.record_no))
    != len(list_filter($starts, lambda s: s <= u.record_no));

-- lines of values share the number of a record, and then have several of a kind
create or replace temp table records_out as
with of_rows as (
    select distinct
        n.list_id,
        n.record_no
    from named as n
    semi join out_rows as o on n.row_no = o.row_no
)

select
    e.list_id,
    e.record_no
from store.entries as e
semi join of_rows as r on e.list_id = r.list_id and e.record_no = r.record_no
group by e.list_id, e.record_no
having count(e.kind) = count(distinct e.kind);

create or replace temp table beside as
select count(*) as n
from store.entries as e
semi join records_out as r on e.list_id = r.list_id and e.record_no = r.record_no
where e.rowid not in (select o.row_no from out_rows as o);

delete from store.entries
where rowid in (select o.row_no from out_rows as o);

delete from store.records
where
    list_contains($chain, list_id)
    and (list_id, record_no) in (select (g.list_id, g.record_no) from gone_records as g);

create or replace temp table taken_back as
select
    count(*) filter (o.is_own) as n_own,
    count(*) filter (not o.is_own) as n_earlier,
    (select u.n from unchosen_out as u) as n_unchosen,
    (select count(distinct u.record_no) from unmet as u) as n_unmet,
    (select count(e.record_no) from met_elsewhere as e) as n_elsewhere,
    (select count(s.digest) from still_listed as s) as n_still,
    (select count(p.row_no) from parted as p) as n_parted,
    (select count(p.row_no) from parted as p where not p.is_out) as n_parted_in,
    (select b.n from beside as b) as n_beside
from out_rows as o;
