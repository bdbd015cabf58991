-- name:    kept
-- purpose: The rows of one shard that stay in each edition.
-- params:  none
-- reads:   shard (file_row_number bigint)
-- reads:   editions (edition varchar)
-- reads:   removals (edition varchar, file_row_number bigint)
-- writes:  kept (edition varchar, file_row_number bigint)
-- nulls:   a row with nothing but nulls is kept; it cannot match
-- order:   none; the writer keeps the order of the shard

create or replace temp view kept as
select
    e.edition,
    s.file_row_number
from shard as s
cross join editions as e
anti join removals as r
    on e.edition = r.edition and s.file_row_number = r.file_row_number;
