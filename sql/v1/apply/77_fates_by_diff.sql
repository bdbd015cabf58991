-- name:    fates_by_diff
-- purpose: What becomes of each row of a copy, where a diff says what left.
-- params:  $by_row  boolean  whether row hashes are identities
-- params:  $by_link  boolean  whether links are identities
-- params:  $keeps_nameless  boolean  whether a row without any identity stays
-- reads:   rows (shard_no integer, file_row_number bigint, row_hash bigint, link_bytes integer, is_weak boolean, others bigint[], doubt tinyint)
-- reads:   salted_links (shard_no integer, file_row_number bigint, link blob)
-- reads:   diff (row_hash bigint, link blob, link_gone boolean, link_bytes integer)
-- writes:  left_hashes (row_hash bigint, link_bytes integer)
-- writes:  left_links (link blob)
-- writes:  fates (shard_no integer, file_row_number bigint, fate varchar, leaves boolean, is_twin boolean)
-- nulls:   a null hash or link meets no other; a row with neither, or a weak hash that is not met, is nameless
-- order:   none
--
-- A row leaves if its row hash left, or its link did with every row that had it (`link_gone`),
-- whatever its caption is now. Any of the hashes that it may be known by is enough (`others`). Where
-- the diff tells how long the link is (`82_diff`), the row hash stands for another row, too: then rows
-- with a link as long leave, and those of which nobody knows how long it is: which have
-- none, or one that is no identity and does not prove their hash. Of a diff, which may be
-- larger than the copy, only those are kept that the copy has.

create or replace temp table left_hashes as
with told as (
    select r.row_hash
    from rows as r
    union
    select unnest(o.others) as row_hash
    from rows as o
    where o.others is not null
)

select distinct
    d.row_hash,
    d.link_bytes
from diff as d
semi join told as t on d.row_hash = t.row_hash;

create or replace temp table left_links as
select distinct d.link
from diff as d
semi join salted_links as s on d.link = s.link
where d.link_gone;

create or replace temp table fates as
with told as (
    select
        r.shard_no,
        r.file_row_number,
        r.row_hash,
        case
            when r.doubt = 0 or ($by_link and i.link is not null) then r.link_bytes
        end as link_bytes
    from rows as r
    left join salted_links as i
        on r.shard_no = i.shard_no and r.file_row_number = i.file_row_number
    union all
    select
        o.shard_no,
        o.file_row_number,
        unnest(o.others) as row_hash,
        o.link_bytes
    from rows as o
    where o.others is not null
),

rows_left as (
    select distinct
        t.shard_no,
        t.file_row_number
    from told as t
    semi join left_hashes as l
        on
            t.row_hash = l.row_hash
            and (t.link_bytes = l.link_bytes or t.link_bytes is null or l.link_bytes is null)
),

known as (
    select
        r.shard_no,
        r.file_row_number,
        $by_row and r.row_hash is not null and not r.is_weak as has_row,
        $by_link and i.link is not null as has_link,
        $by_row and o.shard_no is not null as row_left,
        $by_link and i.link in (select l.link from left_links as l) as link_left
    from rows as r
    left join salted_links as i
        on r.shard_no = i.shard_no and r.file_row_number = i.file_row_number
    left join rows_left as o
        on r.shard_no = o.shard_no and r.file_row_number = o.file_row_number
),

fated as (
    select
        k.shard_no,
        k.file_row_number,
        case
            when coalesce(k.row_left, false) then 'removed'
            when coalesce(k.link_left, false) then 'removed with its link'
            when k.has_row then 'row'
            when k.has_link then 'link'
            else 'nameless'
        end as fate
    from known as k
)

select
    t.shard_no,
    t.file_row_number,
    t.fate,
    case t.fate
        when 'row' then false
        when 'link' then false
        when 'nameless' then not $keeps_nameless
        else true
    end as leaves,
    false as is_twin
from fated as t;
