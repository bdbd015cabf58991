-- name:    removals_by_month
-- purpose: Rows that left each edition, by the month in which the list came that names them.
-- params:  none
-- reads:   removals (edition varchar, subset varchar, reason_kind varchar, list_id integer, label varchar, kind varchar, form varchar, gross bigint, exclusive bigint)
-- reads:   lists (list_id integer, source varchar, title varchar, received varchar)
-- nulls:   month is null where nobody said the day; kind for rows that only carry a listed link
-- order:   edition, month, list, kind, form
--
-- A line for each way in which a list found rows. A row that several lists or ways name stands in
-- each of their lines, so that gross does not add up; exclusive are the rows of one line alone.
-- What each month brought that was new is in new_rows_by_month, which does.

with deliveries as (
    select distinct
        l.list_id,
        l.source,
        l.title,
        left(l.received, 7) as month
    from lists as l
)

select
    r.edition,
    d.month,
    r.list_id,
    d.source,
    d.title,
    r.reason_kind,
    r.kind,
    r.form,
    sum(r.gross)::bigint as gross,
    sum(r.exclusive)::bigint as exclusive
from removals as r
inner join deliveries as d on r.list_id = d.list_id
group by all
order by
    r.edition, d.month nulls last, r.list_id, r.reason_kind, r.kind nulls last, r.form nulls first;
