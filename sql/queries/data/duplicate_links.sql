-- name:    duplicate_links
-- purpose: How many links stand in several rows, by subset and in all.
-- params:  none
-- reads:   shard (subset varchar, url varchar)
-- nulls:   a null subset is all of them together; rows without a link are left out
-- order:   subset, all of them last
--
-- Links are the same here where they are written the same. If one is listed, all its rows leave.

with links as (
    select
        s.subset,
        s.url,
        count(*) as n_rows
    from shard as s
    where s.url is not null
    group by grouping sets ((s.subset, s.url), (s.url))
)

select
    l.subset,
    sum(l.n_rows)::bigint as rows,
    count(*) as links,
    count(*) filter (where l.n_rows > 1) as links_in_several_rows,
    sum(l.n_rows - 1)::bigint as rows_too_many,
    max(l.n_rows) as most_rows_of_one
from links as l
group by l.subset
order by l.subset nulls last;
