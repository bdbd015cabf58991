-- name:    hit_counts
-- purpose: What the lists found: gross, exclusive, unions, order of receipt, rows that two share.
-- params:  none
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer, kind varchar, level varchar, spelling varchar)
-- reads:   same_link (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   shards (shard_no integer, subset varchar, n_rows bigint)
-- reads:   lists (list_id integer, source varchar, label varchar, received date)
-- writes:  hit_counts (subset varchar, list_id integer, kind varchar, form varchar, gross bigint, exclusive bigint)
-- writes:  hit_unions (subset varchar, grouping varchar, name varchar, memberships bigint, n_rows bigint)
-- writes:  hit_order (subset varchar, list_id integer, kind varchar, gross bigint, n_new bigint)
-- writes:  hit_pairs (subset varchar, list_id integer, other_id integer, n_rows bigint)
-- nulls:   kind and form are null for rows that carry a listed link (same_link)
-- order:   as the columns stand, but for the numbers
--
-- A row on two lists is two memberships and one row of the union. Worked example: lists of
-- 1,129, 18 and 1,714 matches are 2,861 memberships; with 625 overlaps, 2,236 rows. In order of
-- receipt (those without a day last, then by number) each row is new to one list and kind, so
-- that these new rows add up to the union. A row on three lists is one of each of their three
-- pairs; a pair stands once, the smaller number first, and one that shares nothing not at all.

create or replace temp table hit_counts as
with counted as (
    select
        s.subset,
        h.list_id,
        h.kind,
        -- `raw`, `inner raw`, `inner`: as the audit tells the level and the spelling
        nullif(concat_ws(' ', nullif(h.level, 'own'), h.spelling), '') as form,
        count(*) over (partition by h.shard_no, h.file_row_number) as n_hits
    from list_hits as h
    inner join shards as s on h.shard_no = s.shard_no
),

direct as (
    select
        c.subset,
        c.list_id,
        c.kind,
        c.form,
        count(*) as gross,
        count(*) filter (where c.n_hits = 1) as exclusive
    from counted as c
    group by all
),

linked_only as (
    select
        k.shard_no,
        k.file_row_number
    from same_link as k
    anti join list_hits as h
        on k.shard_no = h.shard_no and k.file_row_number = h.file_row_number
    group by all
    having count(*) = 1
),

linked as (
    select
        s.subset,
        k.list_id,
        null::varchar as kind,
        null::varchar as form,
        count(*) as gross,
        count(o.shard_no) as exclusive
    from same_link as k
    inner join shards as s on k.shard_no = s.shard_no
    left join linked_only as o
        on k.shard_no = o.shard_no and k.file_row_number = o.file_row_number
    group by all
),

final as (
    select * from direct
    union all
    select * from linked
)

select * from final
order by subset, list_id, kind nulls last, form;

create or replace temp table hit_unions as
with named as (
    select
        s.subset,
        h.shard_no,
        h.file_row_number,
        h.list_id,
        l.source,
        l.label
    from list_hits as h
    inner join shards as s on h.shard_no = s.shard_no
    inner join lists as l on h.list_id = l.list_id
),

grouped as (
    select
        n.subset,
        'all' as grouping,
        null::varchar as name,
        n.shard_no,
        n.file_row_number,
        n.list_id
    from named as n
    union all
    select
        n.subset,
        'source' as grouping,
        n.source as name,
        n.shard_no,
        n.file_row_number,
        n.list_id
    from named as n
    union all
    select
        n.subset,
        'label' as grouping,
        n.label as name,
        n.shard_no,
        n.file_row_number,
        n.list_id
    from named as n
    union all
    select
        s.subset,
        'same_link' as grouping,
        null::varchar as name,
        k.shard_no,
        k.file_row_number,
        k.list_id
    from same_link as k
    inner join shards as s on k.shard_no = s.shard_no
    anti join list_hits as h
        on k.shard_no = h.shard_no and k.file_row_number = h.file_row_number
)

select
    g.subset,
    g.grouping,
    g.name,
    count(distinct row(g.shard_no, g.file_row_number, g.list_id)) as memberships,
    count(distinct row(g.shard_no, g.file_row_number)) as n_rows
from grouped as g
group by all
order by g.subset, g.grouping, g.name;

create or replace temp table hit_order as
with named as (
    select distinct
        s.subset,
        h.shard_no,
        h.file_row_number,
        h.list_id,
        h.kind,
        l.received
    from list_hits as h
    inner join shards as s on h.shard_no = s.shard_no
    inner join lists as l on h.list_id = l.list_id
),

placed as (
    select
        n.*,
        row_number() over (
            partition by n.shard_no, n.file_row_number
            order by n.received nulls last, n.list_id, n.kind
        ) as place
    from named as n
)

select
    p.subset,
    p.list_id,
    p.kind,
    count(*) as gross,
    count(*) filter (where p.place = 1) as n_new
from placed as p
group by all
order by p.subset, p.list_id, p.kind;

create or replace temp table hit_pairs as
with together as (
    select
        s.subset,
        h.shard_no,
        h.file_row_number,
        list_sort(list(distinct h.list_id)) as ids
    from list_hits as h
    inner join shards as s on h.shard_no = s.shard_no
    group by all
    having min(h.list_id) <> max(h.list_id)
),

-- few sets of lists, whatever the rows
sets as (
    select
        t.subset,
        t.ids,
        count(*) as n_rows
    from together as t
    group by all
),

firsts as (
    select
        s.subset,
        s.ids,
        s.n_rows,
        unnest(s.ids) as list_id
    from sets as s
),

pairs as (
    select
        f.subset,
        f.list_id,
        unnest(
            list_slice(f.ids, list_position(f.ids, f.list_id) + 1, len(f.ids))
        ) as other_id,
        f.n_rows
    from firsts as f
)

select
    p.subset,
    p.list_id,
    p.other_id,
    sum(p.n_rows)::bigint as n_rows
from pairs as p
group by all
order by p.subset, p.list_id, p.other_id;
