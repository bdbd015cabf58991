-- name:    rule_hits
-- purpose: The rows of one shard that a rule names, by their own score and caption.
-- params:  $unsafe_above  double  a score above it fulfils `unsafe`
-- params:  $keyword_above  double  a score above it and a keyword fulfil `unsafe_keyword`
-- params:  $keyword_pattern  varchar  what 39_keyword_pattern made; null switches the rule off
-- params:  $unscored  varchar  keep or drop rows without a score
-- reads:   shard (file_row_number bigint, text varchar, punsafe double)
-- writes:  rule_hits (file_row_number bigint, rule varchar)
-- nulls:   null and NaN are no score; a null caption holds no keyword
-- order:   none
--
-- Scores are compared as DOUBLE: a FLOAT 0.95 is 0.949999988 and does not exceed 0.95.
-- NaN is told from a number only after the scores have left the parquet file: the statistics
-- of a column do not count NaN, and DuckDB would take their word and answer isnan() with false.
-- Rows above the keyword threshold are gathered first, so that the regular expression
-- meets few captions (in one `and` DuckDB may run it on all of them).

create or replace temp table raw_scores as
select
    s.file_row_number,
    s.punsafe as raw_score
from shard as s
where s.punsafe > least($unsafe_above, $keyword_above) or $unscored = 'drop';

create or replace temp table scored as
select
    r.file_row_number,
    case when not isnan(r.raw_score) then r.raw_score end as score
from raw_scores as r;

create or replace temp table captions as
with high as (
    select h.file_row_number
    from scored as h
    where h.score > $keyword_above
)

select
    s.file_row_number,
    s.text
from shard as s
semi join high as h on s.file_row_number = h.file_row_number
where $keyword_pattern is not null and s.punsafe > $keyword_above;

create or replace temp table rule_hits as
select
    s.file_row_number,
    'unsafe' as rule
from scored as s
where s.score > $unsafe_above
union all
select
    c.file_row_number,
    'unsafe_keyword' as rule
from captions as c
where regexp_matches(fold_text(c.text), $keyword_pattern)
union all
select
    s.file_row_number,
    'unscored' as rule
from scored as s
where $unscored = 'drop' and s.score is null;
