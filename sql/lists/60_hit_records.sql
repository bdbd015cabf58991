-- name:    hit_records
-- purpose: The givers' records whose entries were hit, for a report to each giver.
-- params:  none
-- reads:   hit_entries   (list_id integer, kind varchar, digest varchar)
-- reads:   store.lists   (list_id integer, replaces integer)
-- reads:   store.entries (list_id integer, kind varchar, digest varchar, hash ubigint, record_no bigint)
-- reads:   store.records (list_id integer, record_no bigint, id_digest varchar, giver_id varchar)
-- reads:   store.repeats (list_id integer, kind varchar, hash ubigint, record_no bigint)
-- writes:  hit_records   (list_id integer, id_digest varchar, giver_id varchar)
-- writes:  hits_without_id (list_id integer, n bigint)
-- nulls:   giver_id is null unless it was to be kept
-- order:   none
--
-- An entry is stored once, however many records list it (`repeats` are those beside the first), and
-- with the list that brought it first: what brought that list up to date names it by records of its
-- own. Each record is told under the list that it came with. An entry of whose records none has an
-- id is counted.

-- lists that bring each other up to date, each with the smallest number among them
create or replace temp table chains as
with recursive pairs as (
    select
        l.list_id,
        l.replaces as other_id
    from store.lists as l
    where l.replaces is not null
    union
    select
        l.replaces as list_id,
        l.list_id as other_id
    from store.lists as l
    where l.replaces is not null
),

linked as (
    select
        l.list_id,
        l.list_id as other_id
    from store.lists as l
    union
    select
        k.list_id,
        p.other_id
    from linked as k
    inner join pairs as p on k.other_id = p.list_id
)

select
    k.list_id,
    min(k.other_id) as chain_id
from linked as k
group by k.list_id;

create or replace temp table entries_hit as
select
    e.list_id,
    c.chain_id,
    e.kind,
    e.hash,
    e.record_no
from store.entries as e
semi join hit_entries as h
    on e.digest = h.digest and e.kind = h.kind and e.list_id = h.list_id
inner join chains as c on e.list_id = c.list_id;

create or replace temp table named_hits as
select
    e.list_id as entry_list_id,
    e.kind,
    e.hash,
    r.list_id,
    r.id_digest,
    r.giver_id
from entries_hit as e
inner join store.records as r on e.list_id = r.list_id and e.record_no = r.record_no
union all
select
    e.list_id as entry_list_id,
    e.kind,
    e.hash,
    r.list_id,
    r.id_digest,
    r.giver_id
from entries_hit as e
inner join store.repeats as p on e.hash = p.hash and e.kind = p.kind
inner join chains as c on p.list_id = c.list_id and e.chain_id = c.chain_id
inner join store.records as r on p.list_id = r.list_id and p.record_no = r.record_no;

create or replace temp table hit_records as
select distinct
    n.list_id,
    n.id_digest,
    n.giver_id
from named_hits as n;

create or replace temp table hits_without_id as
select
    e.list_id,
    count(*) as n
from entries_hit as e
anti join named_hits as n
    on e.list_id = n.entry_list_id and e.kind = n.kind and e.hash = n.hash
group by e.list_id;
