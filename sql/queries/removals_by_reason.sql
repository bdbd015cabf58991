-- name:    removals_by_reason
-- purpose: Why rows left each edition: by list, listed link, cover or rule.
-- params:  none
-- reads:   removals (edition varchar, subset varchar, reason_kind varchar, list_id integer, label varchar, kind varchar, form varchar, rule varchar, gross bigint, exclusive bigint)
-- nulls:   as in removals
-- order:   edition, reason, list, kind, form, rule

with summed as (
    select
        r.edition,
        r.reason_kind,
        r.list_id,
        r.label,
        r.kind,
        r.form,
        r.rule,
        sum(r.gross)::bigint as gross,
        sum(r.exclusive)::bigint as exclusive
    from removals as r
    group by all
)

select
    s.edition,
    s.reason_kind,
    s.list_id,
    s.label,
    s.kind,
    s.form,
    s.rule,
    s.gross,
    s.exclusive
from summed as s
order by
    s.edition,
    list_position(['list', 'same_link', 'cover', 'rule'], s.reason_kind),
    s.list_id, s.kind, s.form nulls first, s.rule, s.label;
