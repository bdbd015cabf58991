-- name:    known_good
-- purpose: How many entries of each list are known good: a mistake of one of two givers.
-- params:  none
-- reads:   store.lists   (list_id integer, role varchar)
-- reads:   store.entries (list_id integer, kind varchar, digest varchar, hash ubigint)
-- writes:  known_good    (list_id integer, n bigint)
-- nulls:   nothing is null
-- order:   list_id
--
-- A list that was added as bad and is one of known-good files is seen here, too.

create or replace temp table good_entries as
select
    e.kind,
    e.digest,
    e.hash
from store.entries as e
inner join store.lists as l on e.list_id = l.list_id
where l.role = 'good';

create or replace temp table known_good as
select
    e.list_id,
    count(*) as n
from store.entries as e
inner join store.lists as l on e.list_id = l.list_id
semi join good_entries as g on e.hash = g.hash and e.digest = g.digest and e.kind = g.kind
where l.role = 'bad'
group by e.list_id
order by e.list_id;
