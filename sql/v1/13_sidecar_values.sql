-- name:    sidecar_values
-- purpose: How many values of each sidecar's columns of image hashes are no such digest.
-- params:  none
-- reads:   sidecar_no_digests (shard_no integer, kind varchar, column_name varchar)
-- writes:  unread_beside (shard_no integer, role varchar, column_name varchar, n_values bigint)
-- nulls:   null and empty values are none, and not in `sidecar_no_digests`
-- order:   none
--
-- Nothing can be said of what such a value stands for, so it is told, as it is of shards. Each
-- value counts once, however many links its row has. The numbers of sidecars are negative.

create or replace temp table unread_beside as
select
    v.shard_no,
    v.kind as role,
    v.column_name,
    count(*) as n_values
from sidecar_no_digests as v
group by all;
