-- name:    protocol_in_all
-- purpose: The deliveries in order of receipt: rows that each names, was first to name, and so far.
-- params:  none
-- reads:   protocol (subset varchar, place integer, list_id integer, kind varchar, gross bigint, new_rows bigint, rows_so_far bigint)
-- reads:   lists (list_id integer, received varchar)
-- nulls:   received is null where nobody said the day; these come last
-- order:   receipt, list, kind
--
-- The new rows add up to the rows that all lists name, each counted once.

with received as (
    select distinct
        l.list_id,
        l.received
    from lists as l
),

summed as (
    select
        p.list_id,
        r.received,
        p.kind,
        sum(p.gross)::bigint as gross,
        sum(p.new_rows)::bigint as new_rows
    from protocol as p
    inner join received as r on p.list_id = r.list_id
    group by all
)

select
    s.list_id,
    s.received,
    s.kind,
    s.gross,
    s.new_rows,
    (sum(s.new_rows) over (order by s.received nulls last, s.list_id, s.kind))::bigint
        as rows_so_far
from summed as s
order by s.received nulls last, s.list_id, s.kind;
