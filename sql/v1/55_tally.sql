-- name:    tally
-- purpose: How many rows of each shard leave for which reason.
-- params:  none
-- reads:   removals (edition varchar, shard_no integer, file_row_number bigint, reason varchar)
-- reads:   editions (edition varchar, labels varchar[])
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer, kind varchar, level varchar, spelling varchar)
-- reads:   same_link (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   lists (list_id integer, label varchar, source varchar)
-- writes:  tally (shard_no integer, edition varchar, reason_kind varchar, list_id integer, label varchar, kind varchar, form varchar, rule varchar, gross bigint, exclusive bigint)
-- writes:  tally_groups (shard_no integer, edition varchar, grouping varchar, name varchar, gross bigint, exclusive bigint)
-- nulls:   list_id, label, kind, form are null where the reason is a rule, rule elsewhere; list_id,
--          kind and form where it is cover
-- order:   none
--
-- gross: rows that leave for this reason, whatever else names them.
-- Cover is told apart from listed rows (`54_cover_hits`), by the label that it covers.
-- exclusive: rows that leave for this reason alone. gross - exclusive is the overlap.

create or replace temp table reasons as
with list_reasons as (
    select distinct
        e.edition,
        h.shard_no,
        h.file_row_number,
        if(h.kind = 'cover', 'cover', 'list') as reason_kind,
        case when h.kind <> 'cover' then h.list_id end as list_id,
        l.label,
        l.source,
        nullif(h.kind, 'cover') as kind,
        -- `raw`, `inner raw`, `inner`: as the audit tells the level and the spelling
        nullif(concat_ws(' ', nullif(h.level, 'own'), h.spelling), '') as form,
        null::varchar as rule
    from list_hits as h
    inner join lists as l on h.list_id = l.list_id
    inner join editions as e on list_contains(e.labels, l.label)
),

same_link_reasons as (
    select distinct
        e.edition,
        s.shard_no,
        s.file_row_number,
        'same_link' as reason_kind,
        s.list_id,
        l.label,
        l.source,
        null::varchar as kind,
        null::varchar as form,
        null::varchar as rule
    from same_link as s
    inner join lists as l on s.list_id = l.list_id
    inner join editions as e on list_contains(e.labels, l.label)
),

rule_reasons as (
    select distinct
        r.edition,
        r.shard_no,
        r.file_row_number,
        'rule' as reason_kind,
        null::integer as list_id,
        null::varchar as label,
        null::varchar as source,
        null::varchar as kind,
        null::varchar as form,
        r.reason as rule
    from removals as r
    where r.reason not in ('list', 'same_link')
),

listed as (
    select * from list_reasons
    union all
    select * from same_link_reasons
),

final as (
    select l.*
    from listed as l
    semi join removals as r
        on
            l.edition = r.edition
            and l.shard_no = r.shard_no
            and l.file_row_number = r.file_row_number
            -- to an edition cover is listed like any other row
            and if(l.reason_kind = 'cover', 'list', l.reason_kind) = r.reason
    union all
    select * from rule_reasons
)

select * from final;

create or replace temp table tally as
with counted as (
    select
        r.*,
        count(*) over (partition by r.edition, r.shard_no, r.file_row_number) as n_reasons
    from reasons as r
)

select
    c.shard_no,
    c.edition,
    c.reason_kind,
    c.list_id,
    c.label,
    c.kind,
    c.form,
    c.rule,
    count(*) as gross,
    count(*) filter (where c.n_reasons = 1) as exclusive
from counted as c
group by all;

create or replace temp table tally_groups as
with named as (
    select
        r.edition,
        r.shard_no,
        r.file_row_number,
        'source' as grouping,
        coalesce(r.source, r.rule) as name,
        r.source is not null and r.reason_kind = 'list' as is_shown
    from reasons as r
    union all
    select
        r.edition,
        r.shard_no,
        r.file_row_number,
        'label' as grouping,
        case when r.reason_kind = 'cover' then r.source else coalesce(r.label, r.rule) end as name,
        r.label is not null and r.reason_kind = 'list' as is_shown
    from reasons as r
),

rows_of as (
    select
        n.edition,
        n.grouping,
        n.shard_no,
        n.file_row_number,
        n.name,
        bool_or(n.is_shown) as is_shown
    from named as n
    group by all
),

counted as (
    select
        r.*,
        count(*) over (
            partition by r.edition, r.grouping, r.shard_no, r.file_row_number
        ) as n_names
    from rows_of as r
)

select
    c.shard_no,
    c.edition,
    c.grouping,
    c.name,
    count(*) as gross,
    count(*) filter (where c.n_names = 1) as exclusive
from counted as c
where c.is_shown
group by all;
