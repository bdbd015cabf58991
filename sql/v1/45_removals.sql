-- name:    removals
-- purpose: The empty table that the edition scripts fill.
-- params:  none
-- writes:  removals (edition varchar, shard_no integer, file_row_number bigint, reason varchar)
-- nulls:   none
-- order:   none

create or replace temp table removals (
    edition varchar not null,
    shard_no integer not null,
    file_row_number bigint not null,
    reason varchar not null
);
