-- name:    check_parent
-- purpose: Editions that keep a row which their parent edition removed.
-- params:  none
-- reads:   editions (edition varchar, parent varchar)
-- reads:   removals (edition varchar, shard_no integer, file_row_number bigint)
-- writes:  check_parent (edition varchar)
-- nulls:   an edition whose parent is not part of the run is not checked
-- order:   none

create or replace temp view check_parent as
with of_parent as (
    select
        e.edition,
        r.shard_no,
        r.file_row_number
    from editions as e
    inner join removals as r on e.parent = r.edition
)

select distinct p.edition
from of_parent as p
anti join removals as r
    on
        p.edition = r.edition
        and p.shard_no = r.shard_no
        and p.file_row_number = r.file_row_number;
