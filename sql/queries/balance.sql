-- name:    balance
-- purpose: Rows in, removed and kept of each edition, by subset and in all.
-- params:  none
-- reads:   unions (edition varchar, subset varchar, rows_in bigint, removed bigint, kept bigint)
-- nulls:   a null subset is all of them together
-- order:   edition, subset, all of them last
--
-- Every row that went in is in exactly one of the two others: rows_in = removed + kept.

select
    u.edition,
    u.subset,
    sum(u.rows_in)::bigint as rows_in,
    sum(u.removed)::bigint as removed,
    sum(u.kept)::bigint as kept
from unions as u
group by grouping sets ((u.edition, u.subset), (u.edition))
order by u.edition, u.subset nulls last;
