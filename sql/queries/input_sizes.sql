-- name:    input_sizes
-- purpose: How many shards, rows and bytes went in, by subset.
-- params:  none
-- reads:   inputs (subset varchar, shard varchar, rows bigint, bytes bigint)
-- nulls:   none
-- order:   subset

select
    i.subset,
    count(*) as shards,
    sum(i.rows)::bigint as rows,
    sum(i.bytes)::bigint as bytes
from inputs as i
group by i.subset
order by i.subset;
