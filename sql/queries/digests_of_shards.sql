-- name:    digests_of_shards
-- purpose: The shards of every edition with their sizes and digests.
-- params:  none
-- reads:   outputs (edition varchar, subset varchar, shard varchar, rows bigint, bytes bigint, sha256 varchar)
-- nulls:   none
-- order:   edition, subset, shard

select
    o.edition,
    o.subset,
    o.shard,
    o.rows,
    o.bytes,
    o.sha256
from outputs as o
order by o.edition, o.subset, o.shard;
