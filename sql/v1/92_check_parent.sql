-- name:    check_parent
-- purpose: Editions that keep a row which their parent edition removed.
-- params:  none
-- reads:   kept (edition varchar, file_row_number bigint)
-- reads:   editions (edition varchar, parent varchar)
-- reads:   removals (edition varchar, file_row_number bigint)
-- writes:  check_parent (edition varchar)
-- nulls:   an edition whose parent is not part of the run is not checked
-- order:   none

create or replace temp view check_parent as
with of_parent as (
    select
        e.edition,
        r.file_row_number
    from editions as e
    inner join removals as r on e.parent = r.edition
)

select distinct k.edition
from kept as k
semi join of_parent as p
    on k.edition = p.edition and k.file_row_number = p.file_row_number;
