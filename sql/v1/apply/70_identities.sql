-- name:    identities
-- purpose: The row hash of every row: its own, or the one computed where it has none.
-- params:  none
-- reads:   shard (shard_no integer, file_row_number bigint, row_hash bigint, url varchar)
-- reads:   row_hashes (shard_no integer, file_row_number bigint, row_hash bigint)
-- reads:   other_hashes (shard_no integer, file_row_number bigint, others bigint[])
-- reads:   captionless (shard_no integer)
-- writes:  identities (shard_no integer, file_row_number bigint, others bigint[], row_hash bigint, link_bytes integer, is_weak boolean, doubt tinyint)
-- nulls:   row_hash is null where a row has none (or a number that stands for none) and none can
--          be computed: it meets no other; others is null where there is nothing more to know it by;
--          link_bytes of a row that has a hash of its own and no link: which link that is of, none tells
-- order:   none
--
-- LAION's row hash is the identity of a link with its caption, whatever the layout. Python
-- computes it (row_hashes) for rows without one, where their shard has a column of links and one of
-- captions. Of a row without a link it is weak: that of its caption alone, by which it may be met
-- in a set that has it, and not known to be absent from one that has not.
--
-- Nothing stands between link and caption where they are hashed. So two rows may have one hash, if
-- their links and captions make one text together, cut at other places. How long the link is
-- (link_bytes) tells them apart: of one hash and one length link and caption are the same.
-- The length is of the bytes of the link, also of one that is marked as no UTF-8: what
-- stands behind the mark has a letter for each.
--
-- What writers put where they have no number is no row hash: 0 and -1, which fill gaps, and the
-- two ends of 64 bits, which NaN becomes. Rows of nothing in common would meet by it. A true hash
-- is one of these four once in 2^62 rows.
--
-- A number that somebody put into a column need not be the row's hash, and of several captions none
-- says of itself that it is the one that was hashed. So Python computes what a row's
-- link gives with each caption (other_hashes), and tells it where its own hash is none of these: this
-- is doubt 2. And of a row without a hash of its own, what captions behind the first give. Doubt 1 is
-- of a hash that nothing speaks against, and nothing speaks for: its row has a link and no caption
-- (others is empty then), or its shard has links and no column of captions (captionless).

create or replace temp view identities as
with told as (
    select
        s.shard_no,
        s.file_row_number,
        s.url,
        case
            when s.row_hash not in (0, -1, -9223372036854775808, 9223372036854775807)
                then s.row_hash
        end as row_hash
    from shard as s
),

filled as (
    select
        c.shard_no,
        c.file_row_number,
        case
            when c.row_hash not in (0, -1, -9223372036854775808, 9223372036854775807)
                then c.row_hash
        end as row_hash
    from row_hashes as c
)

select
    t.shard_no,
    t.file_row_number,
    case when len(o.others) > 0 then o.others end as others,
    coalesce(t.row_hash, f.row_hash) as row_hash,
    case
        when t.row_hash is not null and coalesce(t.url, '') = '' then null
        when starts_with(t.url, chr(1114111)) then length(t.url) - 1
        else coalesce(strlen(t.url), 0)
    end::integer as link_bytes,
    t.row_hash is null and coalesce(t.url, '') = '' as is_weak,
    case
        when t.row_hash is null or f.row_hash is not null then 0
        when c.shard_no is not null or len(o.others) = 0 then 1
        when not list_contains(o.others, t.row_hash) then 2
        else 0
    end::tinyint as doubt
from told as t
left join filled as f
    on t.shard_no = f.shard_no and t.file_row_number = f.file_row_number
left join other_hashes as o
    on t.shard_no = o.shard_no and t.file_row_number = o.file_row_number
left join captionless as c on t.shard_no = c.shard_no;
