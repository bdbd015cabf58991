-- name:    shared_rows
-- purpose: The overlap matrix: how many rows each two lists both name, all subsets together.
-- params:  none
-- reads:   shared_rows (list_id integer, other_id integer, least bigint, most bigint)
-- nulls:   most is null where no more than the least is told
-- order:   list, other list
--
-- Where least and most are one number, so many rows. From 0 to 9: fewer than 10, or none. From 10
-- with no most: told as 10 or more, since the exact number would tell of a pair of fewer. From
-- and to: after an update, since the few that were shared before it are told nowhere.

select
    s.list_id,
    s.other_id,
    s.least,
    s.most
from shared_rows as s
order by s.list_id, s.other_id;
