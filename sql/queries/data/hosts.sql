-- name:    hosts
-- purpose: The hosts of most rows, with their share, and how many rows the hosts up to each hold.
-- params:  none
-- reads:   shard (url varchar)
-- nulls:   host is null for what is no link with a host; rows without a link are left out
-- order:   rows, from most; the first 50
--
-- Hosts stand as they are written, in small letters: what leads to one host may be written
-- otherwise. An audit holds no host, listed or not, so this is asked of the shards.

with named as (
    select
        regexp_extract(
            s.url, '^[a-zA-Z][a-zA-Z0-9+.-]*://([^/?#@]*@)?([^/:?#]+)', 2
        ) as written
    from shard as s
    where s.url is not null
),

counted as (
    select
        nullif(lower(n.written), '') as host,
        count(*) as n_rows
    from named as n
    group by host
)

select
    c.host,
    c.n_rows as rows,
    round(100.0 * c.n_rows / sum(c.n_rows) over (), 4) as percent,
    round(100.0 * sum(c.n_rows) over places / sum(c.n_rows) over (), 4) as percent_so_far
from counted as c
window places as (order by c.n_rows desc, c.host asc rows unbounded preceding)
order by c.n_rows desc, c.host asc
limit 50;
