-- name:    check_counts
-- purpose: Editions in which rows kept and rows removed are not the rows of the shard.
-- params:  none
-- reads:   shard (file_row_number bigint)
-- reads:   editions (edition varchar)
-- reads:   removals (edition varchar, file_row_number bigint)
-- reads:   kept (edition varchar, file_row_number bigint)
-- writes:  check_counts (edition varchar)
-- nulls:   none
-- order:   none

create or replace temp view check_counts as
with counted as (
    select
        e.edition,
        (select count(*) from shard) as rows_in,
        (select count(*) from kept as k where k.edition = e.edition) as rows_kept,
        (
            select count(distinct r.file_row_number)
            from removals as r
            where r.edition = e.edition
        ) as rows_removed
    from editions as e
)

select c.edition
from counted as c
where c.rows_in != c.rows_kept + c.rows_removed;
