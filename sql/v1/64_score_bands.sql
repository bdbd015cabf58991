-- name:    score_bands
-- purpose: How many rows of each shard have a score in each twentieth from 0 to 1.
-- params:  none
-- reads:   shard (shard_no integer, file_row_number bigint, punsafe double)
-- writes:  score_bands (shard_no integer, band integer, n_rows bigint)
-- nulls:   band is null for null and NaN, which are no score
-- order:   none
--
-- All rows count, whatever lists say of them. Band 0 is every score up to 0, band k from 1 to 20
-- those above (k - 1) / 20 and up to k / 20, band 21 those above 1: as rules compare, which name
-- what is above a border. Worked example: the FLOAT 0.45 is 0.449999988 and so in band 9, whose
-- upper border is 0.45; the DOUBLE 0.45 is in band 9, too, and the next one after it in band 10.
-- NaN, which is above every number here, is told from one once it has left the parquet file, as
-- in 40_rule_hits.

create or replace temp table raw_bands as
with near as (
    select
        s.shard_no,
        s.punsafe as raw_score,
        ceil(greatest(least(s.punsafe, 2), -1) * 20)::integer as band
    from shard as s
)

select
    n.shard_no,
    case
        when n.raw_score is null then null
        when n.raw_score <= 0 then 0
        when n.raw_score > 1 then 21
        -- the product is rounded, the borders are the numbers that rules are given
        when n.raw_score > n.band / 20 then n.band + 1
        when n.raw_score <= (n.band - 1) / 20 then n.band - 1
        else n.band
    end::integer as band,
    case when n.raw_score > 1 then n.raw_score end as above_one,
    count(*) as n_rows
from near as n
group by all;

create or replace temp table score_bands as
with told as (
    select
        r.shard_no,
        case when r.above_one is null or not isnan(r.above_one) then r.band end as band,
        r.n_rows
    from raw_bands as r
)

select
    t.shard_no,
    t.band,
    sum(t.n_rows)::bigint as n_rows
from told as t
group by t.shard_no, t.band;

drop table raw_bands;
