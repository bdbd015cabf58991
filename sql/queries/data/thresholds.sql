-- name:    thresholds
-- purpose: How many rows of each subset lie above each threshold of the score, and close to it.
-- params:  none
-- reads:   shard (subset varchar, punsafe double)
-- nulls:   rows without a score, NaN among them, are above none
-- order:   subset, threshold
--
-- Above: what a rule with this threshold would remove. The two others lie within a fiftieth of it,
-- on either side: where many do, a small change of the threshold decides much.

with scored as (
    select
        s.subset,
        s.punsafe as score
    from shard as s
    where s.punsafe is not null and not isnan(s.punsafe)
),

steps as (
    select unnest(range(1, 20)) / 20 as threshold
)

select
    s.subset,
    t.threshold,
    count(*) filter (where s.score > t.threshold) as above,
    count(*) filter (where s.score > t.threshold and s.score <= t.threshold + 0.02) as just_above,
    count(*) filter (where s.score <= t.threshold and s.score > t.threshold - 0.02) as just_below,
    round(100.0 * count(*) filter (where s.score > t.threshold) / count(*), 4) as percent_above
from scored as s
cross join steps as t
group by s.subset, t.threshold
order by s.subset, t.threshold;
