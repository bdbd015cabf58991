-- name:    fates_by_keep
-- purpose: What becomes of each row of a copy, where a published edition says what may stay.
-- params:  $by_row  boolean  whether row hashes are identities
-- params:  $by_link  boolean  whether links are identities
-- params:  $has_old  boolean  whether the set that NEW was made of is there to ask
-- params:  $keeps_unknown  boolean  whether a row that the old set never had stays
-- params:  $keeps_nameless  boolean  whether a row without any identity stays
-- params:  $trusts_own  boolean  whether the user says that row hashes are of captions that changed since
-- reads:   rows (shard_no integer, file_row_number bigint, row_hash bigint, link_bytes integer, is_weak boolean, others bigint[], doubt tinyint)
-- reads:   row_ids (shard_no integer, file_row_number bigint, link_id uuid)
-- reads:   new_hashes (row_hash bigint, doubt tinyint, link_bytes integer)
-- reads:   new_links (link_id uuid)
-- reads:   old_hashes (row_hash bigint, link_bytes integer)
-- reads:   old_links (link_id uuid)
-- writes:  fates (shard_no integer, file_row_number bigint, fate varchar, leaves boolean, is_twin boolean)
-- nulls:   a null hash or link meets no other; a row with neither, or a weak hash that is not met, is nameless
-- order:   none
--
-- A row stays if NEW has its row hash. A row whose caption was written anew, cut or normalised has
-- another hash, so it stays if NEW has its link. But not where the old set had its very hash: then
-- its caption is as it was, and the row itself was removed, though another row of its link was not.
-- A row that neither set ever had is unknown; without the old set, it is told only that NEW does
-- not have it. Of several hashes that a row may be known by (`others`), one that the old set has
-- and NEW has not is enough to leave.
--
-- Of two rows with one hash and links of unlike length (`70_identities`) each is known by itself: a row
-- stays by its hash if NEW has it with a link as long, and leaves if the old set had it so and NEW has
-- not. A link that was spelled anew may have any length: then the link says what a hash does not. But
-- where NEW has the hash with no link, whatever its length, the row leaves. Where NEW has hash and
-- link, the link may be that of NEW's row, spelled anew there: then the row stays. A row whose link has no
-- known length meets all of its hash, and leaves if one of these left. So does one whose link is no
-- identity and does not prove its hash: it may be another than was hashed. Where the user vouches for
-- the hashes ($trusts_own), any link may be: then a hash of NEW keeps a row whatever its link, but not
-- where the old set had it with a link as long, and NEW has not.
--
-- To stay, a hash has to be the row's own and one of NEW's rows: as sure as the less sure of the
-- two (doubt). One that link and caption give on both sides is enough. One that they contradict on
-- either side (2) keeps no row, and no row leaves for it: where somebody put the hash of a row that
-- stays beside another link, the link decides. One that no caption can prove (1) keeps a row unless
-- its link says else: it has one, and NEW has it not. `row_ids` has one line a row that its hash did
-- not settle and that has a link.

create or replace temp table fates as
with gone as (
    select distinct
        o.row_hash,
        o.link_bytes,
        o.row_hash not in (select w.row_hash from new_hashes as w) as is_whole
    from old_hashes as o
    anti join new_hashes as n
        on
            o.row_hash = n.row_hash
            and (o.link_bytes = n.link_bytes or o.link_bytes is null or n.link_bytes is null)
),

owned as (
    select
        r.shard_no,
        r.file_row_number,
        r.row_hash,
        r.is_weak,
        $by_link and i.link_id is not null as has_link,
        i.link_id,
        case
            when r.doubt = 0 or ($by_link and i.link_id is not null) then r.link_bytes
        end as own_bytes,
        case
            when r.doubt = 0 or ($by_link and i.link_id is not null and not $trusts_own)
                then r.link_bytes
        end as link_bytes,
        case when $trusts_own then 0 else r.doubt end as doubt
    from rows as r
    left join row_ids as i
        on r.shard_no = i.shard_no and r.file_row_number = i.file_row_number
),

marked as (
    select
        o.*,
        (o.row_hash, o.link_bytes) in (
            select (n.row_hash, n.link_bytes) from new_hashes as n
            where n.doubt = 0
        ) as is_met
    from owned as o
),

others as (
    select
        r.shard_no,
        r.file_row_number,
        unnest(r.others) as row_hash,
        r.link_bytes
    from rows as r
    where r.others is not null
),

asked as (
    select
        o.shard_no,
        o.file_row_number,
        o.row_hash,
        o.own_bytes,
        o.link_bytes,
        o.doubt
    from marked as o
    where not coalesce(o.is_met, false)
    union all
    select
        o.shard_no,
        o.file_row_number,
        o.row_hash,
        o.link_bytes as own_bytes,
        o.link_bytes,
        0 as doubt
    from others as o
),

met as (
    select
        a.shard_no,
        a.file_row_number,
        min(greatest(a.doubt, n.doubt)) as doubt
    from asked as a
    inner join new_hashes as n
        on
            a.row_hash = n.row_hash
            and (a.link_bytes = n.link_bytes or a.link_bytes is null or n.link_bytes is null)
    group by a.shard_no, a.file_row_number
),

rows_gone as (
    select
        a.shard_no,
        a.file_row_number,
        bool_or(g.is_whole) as is_whole
    from asked as a
    inner join gone as g
        on
            a.row_hash = g.row_hash
            and (g.is_whole or a.own_bytes = g.link_bytes or a.own_bytes is null)
    group by a.shard_no, a.file_row_number
),

known as (
    select
        o.shard_no,
        o.file_row_number,
        $by_row and o.row_hash is not null and not o.is_weak as has_row,
        o.has_link,
        case when $by_row then least(case when o.is_met then o.doubt end, m.doubt) end as doubt,
        coalesce($by_row and g.shard_no is not null, false) as row_is_gone,
        g.is_whole,
        o.link_bytes is not null as has_bytes,
        $by_link and o.link_id in (select n.link_id from new_links as n) as link_in_new,
        $by_link and o.link_id in (select l.link_id from old_links as l) as link_in_old
    from marked as o
    left join met as m
        on o.shard_no = m.shard_no and o.file_row_number = m.file_row_number
    left join rows_gone as g
        on o.shard_no = g.shard_no and o.file_row_number = g.file_row_number
),

judged as (
    select
        k.*,
        coalesce(k.link_in_new, false)
        or coalesce(k.doubt = 0 and k.has_bytes, false) as may_stay
    from known as k
),

fated as (
    select
        k.shard_no,
        k.file_row_number,
        case
            when $has_old and k.row_is_gone and (k.is_whole or not k.may_stay) then 'removed'
            when k.doubt = 0 then 'row'
            when k.doubt = 1 and (not k.has_link or coalesce(k.link_in_new, false)) then 'row'
            when not k.has_row and not k.has_link then 'nameless'
            when coalesce(k.link_in_new, false) then 'link'
            when not $has_old then 'not in new'
            when coalesce(k.link_in_old, false) then 'removed'
            else 'unknown'
        end as fate
    from judged as k
)

select
    t.shard_no,
    t.file_row_number,
    t.fate,
    case t.fate
        when 'row' then false
        when 'link' then false
        when 'nameless' then not $keeps_nameless
        when 'unknown' then not $keeps_unknown
        when 'not in new' then not $keeps_unknown
        else true
    end as leaves,
    false as is_twin
from fated as t;
