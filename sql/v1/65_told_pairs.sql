-- name:    told_pairs
-- purpose: How many rows each two lists share, as the audit tells it: none of fewer than ten.
-- params:  none
-- reads:   hits (subset varchar, list_id integer, kind varchar, form varchar, gross bigint, exclusive bigint)
-- reads:   told_subsets (subset varchar, told_as varchar)
-- reads:   hit_pairs (subset varchar, list_id integer, other_id integer, n_rows bigint)
-- reads:   carried_pairs (list_id integer, other_id integer, least bigint, most bigint)
-- writes:  shared_rows (list_id integer, other_id integer, least bigint, most bigint)
-- nulls:   most is null where it is not told
-- order:   list_id, other_id
--
-- Every two lists that name rows stand here, and the rows that both name, in all subsets that the
-- audit tells of. From 10 rows on they are told; fewer, none among them, as 0 to 9.
--
-- What a list shares with all others together can be reckoned from hits. Where one pair alone of a
-- list were not told, it would be what is left of that. So the smallest pairs are hidden too, told
-- as 10 or more, until no list has just one pair that is not told. With fewer than four lists the
-- other tables tell every pair (decisions/0012-shared-rows.md), and this would hide nothing.
--
-- After an update a pair may be known from and to only, since the few that were shared before it
-- are told nowhere. Its upper border is moved out to the next ten where the lower one is not told:
-- it would tell how few have come.
--
-- Worked example: lists 1 to 4, where 1 and 2 share 3 rows, and all other pairs 20, 30, 40, 50 and
-- 60: 1 with 3, 2 with 4, 1 with 4, 2 with 3, 3 with 4. Hidden up to 20, list 3 has one pair that
-- is not told; up to 30, so has list 4; up to 40, list 3 still. Up to 50 each list has three or two.

create or replace table shared_rows as
with naming as (
    select distinct h.list_id
    from hits as h
    where h.kind is not null
),

counted as (
    select
        p.list_id,
        p.other_id,
        sum(p.n_rows)::bigint as n_rows
    from temp.hit_pairs as p
    inner join temp.told_subsets as t on p.subset = t.subset
    where t.told_as is not null
    group by all
),

-- a pair that an audit before this one did not tell of shared nothing by then
known as (
    select
        a.list_id,
        b.list_id as other_id,
        coalesce(e.least, 0) + coalesce(c.n_rows, 0) as least,
        if(e.list_id is null, 0, e.most) + coalesce(c.n_rows, 0) as most
    from naming as a
    inner join naming as b on a.list_id < b.list_id
    left join counted as c on a.list_id = c.list_id and b.list_id = c.other_id
    left join temp.carried_pairs as e on a.list_id = e.list_id and b.list_id = e.other_id
),

-- 0 for what is not told as one number; the others by size
placed as (
    select
        k.*,
        coalesce(k.least >= 10 and k.least = k.most, false) as is_sure,
        if(
            is_sure,
            row_number() over (
                partition by is_sure order by k.least, k.list_id, k.other_id
            ),
            0
        ) as place
    from known as k
),

ends as (
    select
        p.list_id,
        p.place
    from placed as p
    union all
    select
        p.other_id as list_id,
        p.place
    from placed as p
),

-- hidden up to a place, a list has just one pair that is not told from its first to its second
spans as (
    select
        e.list_id,
        min(e.place) as first_place,
        list_sort(list(e.place))[2] as second_place
    from ends as e
    group by e.list_id
    having count(*) > 2
),

ways as (
    select 0 as place
    union
    select s.second_place as place
    from spans as s
),

-- with fewer than four lists there are no spans
hidden as (
    select min(w.place) as up_to
    from ways as w
    where
        not exists (
            select s.list_id
            from spans as s
            where s.first_place <= w.place and w.place < s.second_place
        )
)

select
    p.list_id,
    p.other_id,
    case
        when p.is_sure and p.place <= h.up_to then 10
        when p.least < 10 then 0
        when p.most is null then 10
        else p.least
    end::bigint as least,
    case
        when p.is_sure and p.place <= h.up_to then null
        when p.least < 10 then p.most // 10 * 10 + 9
        else p.most
    end::bigint as most
from placed as p
cross join hidden as h
order by all;
comment on table shared_rows is 'How many rows each two lists both name, from 10 rows on.';
comment on column shared_rows.list_id is 'a delivery that names rows';
comment on column shared_rows.other_id is 'another, of a larger number';
comment on column shared_rows.least is 'rows that both name, at least; 0 for fewer than 10';
comment on column shared_rows.most is 'and at most; null where it is not told';
