-- name:    carried_counts
-- purpose: The counts of an update: those of the run before, and what has changed since.
-- params:  $counted_anew  boolean  every shard was counted in this run
-- params:  $held  integer[]  the lists that the store holds now
-- reads:   now_hit_counts (subset varchar, list_id integer, kind varchar, form varchar, gross bigint, exclusive bigint)
-- reads:   now_hit_unions (subset varchar, grouping varchar, name varchar, memberships bigint, n_rows bigint)
-- reads:   now_hit_order (subset varchar, list_id integer, kind varchar, gross bigint, n_new bigint)
-- reads:   before_hit_counts (subset varchar, list_id integer, kind varchar, form varchar, gross bigint, exclusive bigint)
-- reads:   before_hit_unions (subset varchar, grouping varchar, name varchar, memberships bigint, n_rows bigint)
-- reads:   before_hit_order (subset varchar, list_id integer, kind varchar, gross bigint, n_new bigint)
-- reads:   now_hit_pairs (subset varchar, list_id integer, other_id integer, n_rows bigint)
-- reads:   before_hit_pairs (subset varchar, list_id integer, other_id integer, n_rows bigint)
-- reads:   now_tally (subset varchar, edition varchar, reason_kind varchar, list_id integer, label varchar, kind varchar, form varchar, rule varchar, gross bigint, exclusive bigint)
-- reads:   now_scores (subset varchar, band integer, n_rows bigint)
-- reads:   now_groups (subset varchar, edition varchar, grouping varchar, name varchar, gross bigint, exclusive bigint)
-- reads:   earlier.scores (subset varchar, above double, up_to double, rows bigint)
-- reads:   earlier.hits (subset varchar, list_id integer, kind varchar, form varchar, gross bigint, exclusive bigint)
-- reads:   earlier.hit_groups (subset varchar, grouping varchar, name varchar, memberships bigint, rows bigint)
-- reads:   earlier.protocol (subset varchar, place integer, list_id integer, kind varchar, gross bigint, new_rows bigint, rows_so_far bigint)
-- reads:   earlier.shared_rows (list_id integer, other_id integer, least bigint, most bigint)
-- reads:   earlier.removals (edition varchar, subset varchar, reason_kind varchar, list_id integer, label varchar, kind varchar, form varchar, rule varchar, gross bigint, exclusive bigint)
-- reads:   earlier.removal_groups (edition varchar, subset varchar, grouping varchar, name varchar, gross bigint, exclusive bigint)
-- writes:  hit_counts (subset varchar, list_id integer, kind varchar, form varchar, gross bigint, exclusive bigint)
-- writes:  hit_unions (subset varchar, grouping varchar, name varchar, memberships bigint, n_rows bigint)
-- writes:  hit_order (subset varchar, list_id integer, kind varchar, gross bigint, n_new bigint)
-- writes:  hit_pairs (subset varchar, list_id integer, other_id integer, n_rows bigint)
-- writes:  carried_pairs (list_id integer, other_id integer, least bigint, most bigint)
-- writes:  found_tally (subset varchar, edition varchar, reason_kind varchar, list_id integer, label varchar, kind varchar, form varchar, rule varchar, gross bigint, exclusive bigint)
-- writes:  found_scores (subset varchar, band integer, n_rows bigint)
-- writes:  found_groups (subset varchar, edition varchar, grouping varchar, name varchar, gross bigint, exclusive bigint)
-- nulls:   as in the tables that are summed; most of a pair of which only the least is told
-- order:   none
--
-- Every count is a sum over shards. Where the data are what they were, the shards that the new
-- lists touched are counted twice: with all lists (now) and without the new ones (before, and
-- below 0 in the tallies). The audit of the run before, less the one, plus the other, is what a
-- clean with all lists counts. Else every shard is counted anew, and of the audit before only the
-- lines of lists that the store does not hold any more are carried on: their rows stay out. Which
-- rows these were is not known, so that in order of receipt they count as new to no list.
--
-- Worked example: list 1 named 100 rows, list 2 names 3 of these and 7 others, in two shards in
-- which list 1 names 20. Exclusive to list 1: 100 - 20 + 17 = 97; to list 2: 0 - 0 + 7.

create or replace temp table hit_counts as
with counted as (
    select
        n.subset,
        n.list_id,
        n.kind,
        n.form,
        n.gross,
        n.exclusive
    from now_hit_counts as n
    union all
    select
        b.subset,
        b.list_id,
        b.kind,
        b.form,
        -b.gross as gross,
        -b.exclusive as exclusive
    from before_hit_counts as b
    union all
    select
        e.subset,
        e.list_id,
        e.kind,
        e.form,
        e.gross,
        e.exclusive
    from earlier.hits as e
    where not $counted_anew or not list_contains($held, e.list_id)
)

select
    c.subset,
    c.list_id,
    c.kind,
    c.form,
    sum(c.gross)::bigint as gross,
    sum(c.exclusive)::bigint as exclusive
from counted as c
group by all
having sum(c.gross) <> 0;

create or replace temp table hit_unions as
with counted as (
    select
        n.subset,
        n.grouping,
        n.name,
        n.memberships,
        n.n_rows
    from now_hit_unions as n
    union all
    select
        b.subset,
        b.grouping,
        b.name,
        -b.memberships as memberships,
        -b.n_rows as n_rows
    from before_hit_unions as b
    union all
    select
        e.subset,
        e.grouping,
        e.name,
        e.memberships,
        e.rows as n_rows
    from earlier.hit_groups as e
    where not $counted_anew
)

select
    c.subset,
    c.grouping,
    c.name,
    sum(c.memberships)::bigint as memberships,
    sum(c.n_rows)::bigint as n_rows
from counted as c
group by all
having sum(c.memberships) <> 0;

create or replace temp table hit_order as
with counted as (
    select
        n.subset,
        n.list_id,
        n.kind,
        n.gross,
        n.n_new
    from now_hit_order as n
    union all
    select
        b.subset,
        b.list_id,
        b.kind,
        -b.gross as gross,
        -b.n_new as n_new
    from before_hit_order as b
    union all
    select
        e.subset,
        e.list_id,
        e.kind,
        e.gross,
        if($counted_anew, 0, e.new_rows) as n_new
    from earlier.protocol as e
    where not $counted_anew or not list_contains($held, e.list_id)
)

select
    c.subset,
    c.list_id,
    c.kind,
    sum(c.gross)::bigint as gross,
    sum(c.n_new)::bigint as n_new
from counted as c
group by all
having sum(c.gross) <> 0;

-- of the touched shards alone; what the others hold is carried on
create or replace temp table hit_pairs as
with counted as (
    select
        n.subset,
        n.list_id,
        n.other_id,
        n.n_rows
    from now_hit_pairs as n
    union all
    select
        b.subset,
        b.list_id,
        b.other_id,
        -b.n_rows as n_rows
    from before_hit_pairs as b
)

select
    c.subset,
    c.list_id,
    c.other_id,
    sum(c.n_rows)::bigint as n_rows
from counted as c
group by all
having sum(c.n_rows) <> 0;

-- the audit before tells of some pairs only how many they share at least and at most
create or replace temp table carried_pairs as
select
    e.list_id,
    e.other_id,
    e.least,
    e.most
from earlier.shared_rows as e
where
    not $counted_anew
    or not (list_contains($held, e.list_id) and list_contains($held, e.other_id))
union all
-- a list that came since, and one whose entries are gone: nobody can know
select distinct
    least(e.list_id, n.list_id) as list_id,
    greatest(e.list_id, n.list_id) as other_id,
    0 as least,
    null as most
from earlier.hits as e
cross join now_hit_counts as n
where
    $counted_anew
    and not list_contains($held, e.list_id)
    and n.list_id not in (select h.list_id from earlier.hits as h where h.kind is not null);

create or replace temp table found_tally as
with counted as (
    select
        n.subset,
        n.edition,
        n.reason_kind,
        n.list_id,
        n.label,
        n.kind,
        n.form,
        n.rule,
        n.gross,
        n.exclusive
    from now_tally as n
    union all
    select
        e.subset,
        e.edition,
        e.reason_kind,
        e.list_id,
        e.label,
        e.kind,
        e.form,
        e.rule,
        e.gross,
        e.exclusive
    from earlier.removals as e
    where
        not $counted_anew
        or (e.list_id is not null and not list_contains($held, e.list_id))
)

select
    c.subset,
    c.edition,
    c.reason_kind,
    c.list_id,
    c.label,
    c.kind,
    c.form,
    c.rule,
    sum(c.gross)::bigint as gross,
    sum(c.exclusive)::bigint as exclusive
from counted as c
group by all
having sum(c.gross) <> 0;

create or replace temp table found_groups as
with counted as (
    select
        n.subset,
        n.edition,
        n.grouping,
        n.name,
        n.gross,
        n.exclusive
    from now_groups as n
    union all
    select
        e.subset,
        e.edition,
        e.grouping,
        e.name,
        e.gross,
        e.exclusive
    from earlier.removal_groups as e
    where not $counted_anew
)

select
    c.subset,
    c.edition,
    c.grouping,
    c.name,
    sum(c.gross)::bigint as gross,
    sum(c.exclusive)::bigint as exclusive
from counted as c
group by all
having sum(c.gross) <> 0;

-- no list has a part in these: where the data are what they were, so are they
create or replace temp table found_scores as
select
    n.subset,
    n.band,
    n.n_rows
from now_scores as n
where $counted_anew
union all
select
    e.subset,
    coalesce(round(e.up_to * 20)::integer, if(e.above is null, null, 21)) as band,
    e.rows as n_rows
from earlier.scores as e
where not $counted_anew;
