-- name:    hits_counted_once
-- purpose: Memberships and rows of all lists, of each source and of each label.
-- params:  none
-- reads:   hit_groups (subset varchar, grouping varchar, name varchar, memberships bigint, rows bigint)
-- nulls:   name is null for all lists, and for rows that only carry a listed link
-- order:   source, label, all, same_link

select
    g.grouping,
    g.name,
    sum(g.memberships)::bigint as memberships,
    sum(g.rows)::bigint as rows
from hit_groups as g
group by g.grouping, g.name
order by list_position(['source', 'label', 'all', 'same_link'], g.grouping), g.name;
