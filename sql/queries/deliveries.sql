-- name:    deliveries
-- purpose: The lists by number: who sent what when, and how many entries of which kind.
-- params:  none
-- reads:   lists (list_id integer, source varchar, title varchar, label varchar, received varchar, kind varchar, entries bigint, role varchar, step integer)
-- nulls:   title and received where nobody said them
-- order:   list, kind

select
    l.list_id,
    l.source,
    l.title,
    l.label,
    l.received,
    l.role,
    l.kind,
    l.entries,
    l.step
from lists as l
order by l.list_id, l.kind;
