-- name:    check_listed
-- purpose: Editions that keep a row which a list of their labels names.
-- params:  none
-- reads:   removals (edition varchar, shard_no integer, file_row_number bigint)
-- reads:   editions (edition varchar, labels varchar[])
-- reads:   lists (list_id integer, label varchar)
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   same_link (shard_no integer, file_row_number bigint, list_id integer)
-- writes:  check_listed (edition varchar)
-- nulls:   none
-- order:   none

create or replace temp view check_listed as
with listed as (
    select
        h.shard_no,
        h.file_row_number,
        h.list_id
    from list_hits as h
    union all
    select
        s.shard_no,
        s.file_row_number,
        s.list_id
    from same_link as s
),

wanted as (
    select
        e.edition,
        l.shard_no,
        l.file_row_number
    from listed as l
    inner join lists as n on l.list_id = n.list_id
    inner join editions as e on list_contains(e.labels, n.label)
)

select distinct w.edition
from wanted as w
anti join removals as r
    on
        w.edition = r.edition
        and w.shard_no = r.shard_no
        and w.file_row_number = r.file_row_number;
