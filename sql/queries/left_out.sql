-- name:    left_out
-- purpose: What no list and no rule was compared with, and why.
-- params:  none
-- reads:   not_looked_at (subset varchar, role varchar, column_name varchar, reason varchar, n_values bigint)
-- nulls:   as in not_looked_at
-- order:   subset, role, column, reason

select
    n.subset,
    n.role,
    n.column_name,
    n.reason,
    n.n_values
from not_looked_at as n
order by n.subset nulls last, n.role, n.column_name, n.reason;
