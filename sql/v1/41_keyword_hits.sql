-- name:    keyword_hits
-- purpose: The rows with a high score whose caption holds a keyword.
-- params:  $keyword_above  double  a score above it and a keyword fulfil `unsafe_keyword`
-- params:  $keyword_pattern  varchar  what 39_keyword_pattern made; null names no row
-- reads:   shard (shard_no integer, file_row_number bigint, text varchar, punsafe double)
-- reads:   scored (shard_no integer, file_row_number bigint, score double)
-- reads:   rule_hits (shard_no integer, file_row_number bigint, rule varchar)
-- writes:  rule_hits (shard_no integer, file_row_number bigint, rule varchar)
-- nulls:   a null caption holds no keyword
-- order:   none
--
-- Not run where there are no keywords: the rule is off then. Rows above the threshold are
-- gathered first, so that the regular expression meets few captions (in one `and` DuckDB may
-- run it on all of them).

create or replace temp table captions as
with high as (
    select
        h.shard_no,
        h.file_row_number
    from scored as h
    where h.score > $keyword_above
)

select
    s.shard_no,
    s.file_row_number,
    unnest(readings(s.text)) as text
from shard as s
semi join high as h
    on s.shard_no = h.shard_no and s.file_row_number = h.file_row_number
where s.punsafe > $keyword_above;

insert into rule_hits
select distinct
    c.shard_no,
    c.file_row_number,
    'unsafe_keyword' as rule
from captions as c
where regexp_matches(fold_text(c.text), $keyword_pattern);
