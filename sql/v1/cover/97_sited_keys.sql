-- name:    sited_keys
-- purpose: By what sidecars may name the rows of these shards, and in which sites these stand.
-- params:  none
-- reads:   shard (shard_no integer, file_row_number bigint, row_hash bigint)
-- reads:   row_hashes (shard_no integer, file_row_number bigint, row_hash bigint)
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- reads:   sited_rows (shard_no integer, file_row_number bigint, site varchar)
-- writes:  sited_keys (key ubigint, site varchar)
-- nulls:   site is null for a row that stands in no able site
-- order:   none
--
-- A row hash, its own or the computed one; or the text of a link. What a sidecar calls by another
-- spelling is not met: 98_beside_things says what that costs.

create or replace temp table sited_keys as
with keyed as (
    select
        s.shard_no,
        s.file_row_number,
        hash(s.row_hash) as key
    from shard as s
    where s.row_hash is not null
    union all
    select
        r.shard_no,
        r.file_row_number,
        hash(r.row_hash) as key
    from row_hashes as r
    union all
    select
        l.shard_no,
        l.file_row_number,
        hash(link_unprefixed(l.url)) as key
    from row_links as l
    where l.url is not null
)

select distinct
    k.key,
    s.site
from keyed as k
left join sited_rows as s
    on k.shard_no = s.shard_no and k.file_row_number = s.file_row_number;
