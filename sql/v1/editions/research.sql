-- name:    research
-- purpose: Listed rows leave, and unsafe rows whose caption holds a keyword.
-- parent:  original
-- labels:  csam, privacy, opt-out
-- rules:   unsafe_keyword, unscored
-- params:  $labels  varchar[]  lists with one of these labels remove their rows
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer, kind varchar, level varchar, spelling varchar)
-- reads:   same_link (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   rule_hits (shard_no integer, file_row_number bigint, rule varchar)
-- reads:   lists (list_id integer, label varchar)
-- writes:  removals (edition varchar, shard_no integer, file_row_number bigint, reason varchar)
-- nulls:   none
-- order:   none
--
-- Reasons: `list`, `same_link`, or the name of a rule. A row may leave for several.

insert into removals
with wanted as (
    select l.list_id
    from lists as l
    where list_contains($labels, l.label)
)

select distinct
    'research' as edition,
    h.shard_no,
    h.file_row_number,
    'list' as reason
from list_hits as h
semi join wanted as w on h.list_id = w.list_id
union all
select distinct
    'research' as edition,
    s.shard_no,
    s.file_row_number,
    'same_link' as reason
from same_link as s
semi join wanted as w on s.list_id = w.list_id
union all
select
    'research' as edition,
    r.shard_no,
    r.file_row_number,
    r.rule as reason
from rule_hits as r
where r.rule in ('unsafe_keyword', 'unscored');
