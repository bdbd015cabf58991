-- name:    new_rows_by_month
-- purpose: Rows that the deliveries of each month were first to name, and all rows named so far.
-- params:  none
-- reads:   protocol (list_id integer, new_rows bigint)
-- reads:   lists (list_id integer, received varchar)
-- nulls:   month is null where nobody said the day; these come last
-- order:   month
--
-- Each row is new once, so that the months add up to the rows that all lists name. Whether it
-- left an edition hangs on the label of its list.

with received as (
    select distinct
        l.list_id,
        left(l.received, 7) as month
    from lists as l
),

months as (
    select
        r.month,
        count(distinct p.list_id) as deliveries,
        sum(p.new_rows)::bigint as new_rows
    from protocol as p
    inner join received as r on p.list_id = r.list_id
    group by r.month
)

select
    m.month,
    m.deliveries,
    m.new_rows,
    (sum(m.new_rows) over (order by m.month nulls last))::bigint as rows_so_far
from months as m
order by m.month nulls last;
