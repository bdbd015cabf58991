-- name:    check_listed
-- purpose: Editions that keep a row which a list of their labels names.
-- params:  none
-- reads:   kept (edition varchar, file_row_number bigint)
-- reads:   editions (edition varchar, labels varchar[])
-- reads:   lists (list_id integer, label varchar)
-- reads:   list_hits (file_row_number bigint, list_id integer)
-- reads:   same_link (file_row_number bigint, list_id integer)
-- writes:  check_listed (edition varchar)
-- nulls:   none
-- order:   none

create or replace temp view check_listed as
with listed as (
    select
        h.file_row_number,
        h.list_id
    from list_hits as h
    union all
    select
        s.file_row_number,
        s.list_id
    from same_link as s
),

wanted as (
    select
        e.edition,
        l.file_row_number
    from listed as l
    inner join lists as n on l.list_id = n.list_id
    inner join editions as e on list_contains(e.labels, n.label)
)

select distinct k.edition
from kept as k
semi join wanted as w
    on k.edition = w.edition and k.file_row_number = w.file_row_number;
