-- name:    fates_of_samples
-- purpose: Let a sample of a tar and its row of the parquet file beside it share one fate.
-- params:  none
-- reads:   fates (shard_no integer, file_row_number bigint, fate varchar, leaves boolean)
-- reads:   sample_keys (folder_no integer, key varchar, part integer, is_sample boolean, shard_no integer, file_row_number bigint)
-- writes:  fates (shard_no integer, file_row_number bigint, fate varchar, leaves boolean, is_twin boolean)
-- nulls:   a row without a key keeps its own fate
-- order:   none
--
-- img2dataset writes a tar and, under the same name, a parquet file with one row an attempt; a
-- sample and its row have one key (folder_no tells the pair). A nameless one takes the fate of the
-- other. Where one leaves the other does too, so that no part of what left stays. A sample whose
-- row is there is a twin: whoever counts rows has counted it.
--
-- Several samples of one key that can be told apart have each a part of their own, and a fate, but
-- not where a row beside the tar has their key: nobody knows of which of them. Whatever would stay
-- by itself, and leaves with what has its key, has a fate of its own: `removed with its key`. It may
-- be another picture, or the same one with another caption.
--
-- Of several fates the first by the alphabet is told. Which rows leave does not hang on it: one that
-- leaves makes all leave, and only fates that leave compete then. It decides a word in the counts
-- alone, and is the same in whatever order rows are read, and for who checks it in another language.
-- What it takes first says most: `removed`, of the row itself, before `removed with its link` and
-- `unknown`. Of fates that stay only a nameless record takes one, of which either is true, and `link`,
-- the weaker claim, comes before `row`.

create or replace temp table fates as
with keyed as (
    select
        k.*,
        bool_or(not k.is_sample) over (partition by k.folder_no, k.key) as has_row
    from sample_keys as k
    where k.key is not null
),

parted as (
    select
        k.folder_no,
        k.key,
        case when k.has_row then 0 else k.part end as part,
        k.is_sample,
        k.has_row,
        k.shard_no,
        k.file_row_number
    from keyed as k
),

together as (
    select
        p.folder_no,
        p.key,
        p.part,
        bool_or(f.leaves and f.fate != 'nameless') as leaves_named,
        bool_or(f.fate != 'nameless') as is_named,
        min(f.fate) filter (where f.leaves and f.fate != 'nameless') as left_as,
        min(f.fate) filter (where f.fate != 'nameless') as named_as
    from parted as p
    inner join fates as f
        on p.shard_no = f.shard_no and p.file_row_number = f.file_row_number
    group by p.folder_no, p.key, p.part
)

select
    f.shard_no,
    f.file_row_number,
    case
        when f.fate = 'nameless' and t.leaves_named then t.left_as
        when f.fate = 'nameless' and t.is_named then t.named_as
        when t.leaves_named and not f.leaves then 'removed with its key'
        else f.fate
    end as fate,
    case when t.is_named then t.leaves_named else f.leaves end as leaves,
    coalesce(p.is_sample and p.has_row, false) as is_twin
from fates as f
left join parted as p
    on f.shard_no = p.shard_no and f.file_row_number = p.file_row_number
left join together as t
    on p.folder_no = t.folder_no and p.key = t.key and p.part = t.part;
