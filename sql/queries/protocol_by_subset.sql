-- name:    protocol_by_subset
-- purpose: The deliveries in order of receipt, by subset: rows that each names and was first to name.
-- params:  none
-- reads:   protocol (subset varchar, place integer, list_id integer, kind varchar, gross bigint, new_rows bigint, rows_so_far bigint)
-- nulls:   none
-- order:   subset, then receipt

select
    p.subset,
    p.place,
    p.list_id,
    p.kind,
    p.gross,
    p.new_rows,
    p.rows_so_far
from protocol as p
order by p.subset, p.place;
