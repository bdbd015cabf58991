-- name:    hits_by_list
-- purpose: What each list found by each kind and spelling, and how much of it nothing else found.
-- params:  none
-- reads:   hits (subset varchar, list_id integer, kind varchar, form varchar, gross bigint, exclusive bigint)
-- nulls:   kind is null for rows that only carry a listed link; form where there is one alone
-- order:   list, kind, form

select
    h.list_id,
    h.kind,
    h.form,
    sum(h.gross)::bigint as gross,
    sum(h.gross - h.exclusive)::bigint as overlap,
    sum(h.exclusive)::bigint as exclusive
from hits as h
group by h.list_id, h.kind, h.form
order by h.list_id, h.kind nulls last, h.form nulls first;
