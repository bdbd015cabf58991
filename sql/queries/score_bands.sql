-- name:    score_bands
-- purpose: How many rows have a score in each band, and which of them the rule on scores names.
-- params:  none
-- reads:   scores (subset varchar, above double, up_to double, rows bigint)
-- reads:   parameters (name varchar, setting varchar)
-- nulls:   above is null below all borders, up_to above them all, both where there is no score
-- order:   by score, those without one last
--
-- All rows count, listed or not. What lists found is told nowhere by score.

with threshold as (
    select p.setting::double as unsafe_above
    from parameters as p
    where p.name = 'unsafe_above'
)

select
    s.above,
    s.up_to,
    sum(s.rows)::bigint as rows,
    sum(if(coalesce(s.above >= t.unsafe_above, false), s.rows, 0))::bigint as unsafe
from scores as s
cross join threshold as t
group by s.above, s.up_to
order by s.above is null and s.up_to is null, s.above nulls first;
