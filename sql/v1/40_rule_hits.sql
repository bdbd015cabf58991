-- name:    rule_hits
-- purpose: The rows that a rule names, by their own score.
-- params:  $unsafe_above  double  a score above it fulfils `unsafe`
-- params:  $keyword_above  double  a score above it and a keyword fulfil `unsafe_keyword`
-- params:  $unscored  varchar  keep or drop rows without a score
-- reads:   shard (shard_no integer, file_row_number bigint, punsafe double)
-- writes:  scored (shard_no integer, file_row_number bigint, score double)
-- writes:  rule_hits (shard_no integer, file_row_number bigint, rule varchar)
-- nulls:   null and NaN are no score
-- order:   none
--
-- Scores are compared as DOUBLE: a FLOAT 0.95 is 0.949999988 and does not exceed 0.95.
-- NaN is told from a number only after the scores have left the parquet file: the statistics
-- of a column do not count NaN, and DuckDB would take their word and answer isnan() with false.
-- 41_keyword_hits adds the rows whose caption counts too.

create or replace temp table raw_scores as
select
    s.shard_no,
    s.file_row_number,
    s.punsafe as raw_score
from shard as s
where s.punsafe > least($unsafe_above, $keyword_above) or $unscored = 'drop';

create or replace temp table scored as
select
    r.shard_no,
    r.file_row_number,
    case when not isnan(r.raw_score) then r.raw_score end as score
from raw_scores as r;

create or replace temp table rule_hits as
select
    s.shard_no,
    s.file_row_number,
    'unsafe' as rule
from scored as s
where s.score > $unsafe_above
union all
select
    s.shard_no,
    s.file_row_number,
    'unscored' as rule
from scored as s
where $unscored = 'drop' and s.score is null;
