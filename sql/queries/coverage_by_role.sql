-- name:    coverage_by_role
-- purpose: How many rows of each subset have a value that could be compared, role by role.
-- params:  none
-- reads:   coverage (subset varchar, role varchar, via varchar, rows bigint, covered bigint, estimated boolean, sampled bigint)
-- nulls:   sampled is null where every row was counted
-- order:   subset, role, via

select
    c.subset,
    c.role,
    c.rows,
    c.covered,
    c.via,
    c.estimated,
    c.sampled
from coverage as c
order by c.subset, c.role, c.via;
