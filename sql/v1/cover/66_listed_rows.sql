-- name:    listed_rows
-- purpose: The rows that lists name whose labels some edition removes.
-- params:  $labels  varchar[]  those of the lists whose rows some edition removes
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   same_link (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   lists (list_id integer, label varchar)
-- writes:  listed_rows (shard_no integer, file_row_number bigint)
-- nulls:   none
-- order:   shard_no, file_row_number

create or replace temp table listed_rows as
with named as (
    select
        h.shard_no,
        h.file_row_number,
        h.list_id
    from list_hits as h
    union
    select
        s.shard_no,
        s.file_row_number,
        s.list_id
    from same_link as s
)

select distinct
    n.shard_no,
    n.file_row_number
from named as n
inner join lists as l on n.list_id = l.list_id
where list_contains($labels, l.label)
order by n.shard_no, n.file_row_number;
