-- name:    known_hashes
-- purpose: Those of the row hashes looked for that stand in these shards, and how sure they are.
-- params:  none
-- reads:   identities (shard_no integer, file_row_number bigint, row_hash bigint, others bigint[], link_bytes integer, doubt tinyint)
-- reads:   other_hashes (shard_no integer, file_row_number bigint)
-- reads:   met_hashes (row_hash bigint)
-- writes:  known_hashes (row_hash bigint, doubt tinyint, link_bytes integer)
-- nulls:   a null hash meets no other; link_bytes as in 70_identities
-- order:   none
--
-- A row whose own hash is not that of its link and caption has both: the one that these give, which
-- is in no doubt, and its own. A hash of several rows is told of each: the surest counts for whoever
-- asks, who then asks of nearly none (`76_fates_by_keep`).

create or replace temp table known_hashes as
with told as (
    select
        i.row_hash,
        i.doubt,
        i.link_bytes
    from identities as i
    union all
    select
        unnest(o.others) as row_hash,
        0::tinyint as doubt,
        o.link_bytes
    from other_hashes as h
    inner join identities as o
        on h.shard_no = o.shard_no and h.file_row_number = o.file_row_number
    where o.others is not null
)

select
    t.row_hash,
    t.doubt,
    t.link_bytes
from told as t
semi join met_hashes as m on t.row_hash = m.row_hash;
