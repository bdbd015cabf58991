-- name:    threshold_steps
-- purpose: How many rows a rule on scores would name at each threshold, in steps of a twentieth.
-- params:  none
-- reads:   scores (subset varchar, above double, up_to double, rows bigint)
-- nulls:   rows without a score are named by none; percent is null where no row has one
-- order:   threshold
--
-- A rule names what is above its threshold. All rows count, whatever lists say of them: those that
-- a list names would leave at any threshold. Other steps, and subsets, are asked of the shards:
-- data/thresholds.

with scored as (
    select
        s.above,
        sum(s.rows)::bigint as n_rows
    from scores as s
    where s.above is not null or s.up_to is not null
    group by s.above
),

steps as (
    select unnest(range(20)) / 20 as threshold
),

named as (
    select
        t.threshold,
        sum(if(s.above > t.threshold - 0.001, s.n_rows, 0))::bigint as would_leave,
        sum(s.n_rows)::bigint as with_score
    from steps as t
    left join scored as s on true
    group by t.threshold
)

select
    n.threshold,
    coalesce(n.would_leave, 0) as would_leave,
    round(100.0 * n.would_leave / n.with_score, 4) as percent
from named as n
order by n.threshold;
