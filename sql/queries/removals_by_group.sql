-- name:    removals_by_group
-- purpose: Why rows left each edition, overlaps within a source or label counted once.
-- params:  none
-- reads:   removal_groups (edition varchar, subset varchar, grouping varchar, name varchar, gross bigint, exclusive bigint)
-- nulls:   none
-- order:   edition, source before label, name

select
    g.edition,
    g.grouping,
    g.name,
    sum(g.gross)::bigint as gross,
    sum(g.exclusive)::bigint as exclusive
from removal_groups as g
group by g.edition, g.grouping, g.name
order by g.edition, list_position(['source', 'label'], g.grouping), g.name;
