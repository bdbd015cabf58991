-- name:    lineage
-- purpose: The first clean and the updates since: what each edition kept after each step.
-- params:  none
-- reads:   steps (step integer, run varchar, edition varchar, subset varchar, rows_in bigint, removed bigint, kept bigint)
-- nulls:   none
-- order:   step, edition

select
    s.step,
    s.run,
    s.edition,
    sum(s.rows_in)::bigint as rows_in,
    sum(s.removed)::bigint as removed,
    sum(s.kept)::bigint as kept
from steps as s
group by s.step, s.run, s.edition
order by s.step, s.edition;
