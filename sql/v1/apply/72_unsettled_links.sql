-- name:    unsettled_links
-- purpose: The links of the rows that their row hash does not settle: their keys where SQL proves them.
-- params:  $by_row  boolean  whether row hashes settle anything
-- reads:   rows (shard_no integer, file_row_number bigint, row_hash bigint, link_bytes integer)
-- reads:   new_hashes (row_hash bigint, doubt tinyint, link_bytes integer)
-- reads:   old_hashes (row_hash bigint)
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- writes:  unsettled (shard_no integer, file_row_number bigint)
-- writes:  proved_keys (shard_no integer, file_row_number bigint, url varchar, url_key varchar)
-- writes:  near_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- nulls:   a row without a link has no link to be known by; of a row of proved_keys the link is null, or
--          the key, which SQL could not prove
-- order:   none
--
-- A row whose hash stands in NEW beyond doubt, with a link as long as its own or of a row without
-- one, stays; one whose hash stands in the old set alone was removed: of these the link says nothing more. All others are asked for, so nearly all keys are proved
-- here, in one pass. The few others have the shape that `fast/15_near_links`
-- makes, so that `fast/19_odd_links` and `20_link_keys` serve.

create or replace temp table unsettled as
with sure as (
    select
        n.row_hash,
        n.link_bytes
    from new_hashes as n
    where $by_row and n.doubt = 0
),

settled as (
    select n.row_hash from sure as n
    where n.link_bytes is null
    union all
    select o.row_hash from old_hashes as o
    anti join new_hashes as n on o.row_hash = n.row_hash
    where $by_row
)

select
    r.shard_no,
    r.file_row_number
from rows as r
anti join sure as n on r.row_hash = n.row_hash and r.link_bytes = n.link_bytes
anti join settled as s on r.row_hash = s.row_hash;

create or replace temp view unsettled_links as
select
    s.shard_no,
    s.file_row_number,
    s.url
from row_links as s
semi join unsettled as u
    on s.shard_no = u.shard_no and s.file_row_number = u.file_row_number
where s.url is not null;

create or replace temp table proved_keys as
select
    p.shard_no,
    p.file_row_number,
    case when p.url_key is null then p.url end as url,
    p.url_key
from link_proved('unsettled_links') as p;

create or replace temp table near_links as
select
    k.shard_no,
    k.file_row_number,
    k.url,
    'own' as level
from proved_keys as k
where k.url is not null;
