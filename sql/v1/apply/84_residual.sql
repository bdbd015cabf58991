-- name:    residual
-- purpose: What an outsider cannot explain of what left an edition: where it stood, and is it listed.
-- params:  $unsafe_above  double  scores above it leave by a public rule; null where no rule does
-- params:  $labels  varchar[]  those of the lists whose rows the edition removes
-- reads:   shard (subset varchar, shard_no integer, file_row_number bigint, url varchar, punsafe double)
-- reads:   rows (shard_no integer, file_row_number bigint, row_hash bigint)
-- reads:   odd_keys (url varchar, url_key varchar)
-- reads:   earlier_rows (shard_no integer, file_row_number bigint)
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   same_link (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   lists (list_id integer, label varchar)
-- writes:  residual (subset varchar, band varchar, host varchar, directory varchar, link varchar, n_rows bigint, n_listed bigint)
-- nulls:   a row without a score is in the band `none`; NaN is no score; one without a link has no place
-- order:   none
--
-- Whoever has the old set subtracts the edition (`rows`), takes away what the public rule on scores
-- explains, and what earlier diffs named (`earlier_rows`). The rest is what listed rows hide among. A
-- row of a high score counts as explained whether or not its caption holds a keyword: nobody outside
-- can tell. Places are those of cover (42_site_macros), by the first link of a row, as
-- `44_site_counts` counts them, and digests as there: they are counted, never named.

create or replace temp table residual as
with listed as (
    select
        h.shard_no,
        h.file_row_number
    from list_hits as h
    inner join lists as l on h.list_id = l.list_id
    where list_contains($labels, l.label)
    union
    select
        s.shard_no,
        s.file_row_number
    from same_link as s
    inner join lists as l on s.list_id = l.list_id
    where list_contains($labels, l.label)
),

gone as (
    select
        s.subset,
        s.shard_no,
        s.file_row_number,
        s.url,
        case when not isnan(s.punsafe) then s.punsafe end as score
    from shard as s
    semi join rows as r
        on s.shard_no = r.shard_no and s.file_row_number = r.file_row_number
    anti join earlier_rows as e
        on s.shard_no = e.shard_no and s.file_row_number = e.file_row_number
),

unexplained as (
    select
        g.subset,
        case
            when g.score is null then 'none'
            when g.score < 0.01 then 'under 0.01'
            when g.score < 0.1 then 'under 0.1'
            when g.score < 0.45 then 'under 0.45'
            else '0.45 or more'
        end as band,
        g.url,
        link_host(g.url) as plain,
        l.shard_no is not null as is_listed
    from gone as g
    left join listed as l
        on g.shard_no = l.shard_no and g.file_row_number = l.file_row_number
    where $unsafe_above is null or g.score is null or g.score <= $unsafe_above
),

placed as (
    select
        u.subset,
        u.band,
        u.is_listed,
        site_host(u.plain, o.url_key) as host,
        site_text(u.url, o.url_key) as link
    from unexplained as u
    left join odd_keys as o on case when site_is_odd(u.plain) then u.url end = o.url
),

parted as (
    select
        p.subset,
        p.band,
        p.host,
        site_directory(p.host, p.link) as directory,
        site_link(p.link) as link,
        p.is_listed
    from placed as p
)

select
    p.subset,
    p.band,
    p.host,
    p.directory,
    p.link,
    count(*) as n_rows,
    count(*) filter (where p.is_listed) as n_listed
from parted as p
group by all;
