-- name:    output_sizes
-- purpose: How many shards, rows and bytes came out, by edition and subset.
-- params:  none
-- reads:   outputs (edition varchar, subset varchar, shard varchar, rows bigint, bytes bigint)
-- nulls:   none
-- order:   edition, subset

select
    o.edition,
    o.subset,
    count(*) as shards,
    sum(o.rows)::bigint as rows,
    sum(o.bytes)::bigint as bytes
from outputs as o
group by o.edition, o.subset
order by o.edition, o.subset;
