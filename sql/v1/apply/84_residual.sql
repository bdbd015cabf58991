-- name:    residual
-- purpose: What an outsider cannot explain of what left an edition: where it stands, and is it listed.
-- params:  $unsafe_above  double  scores above it leave by a public rule; null where no rule does
-- params:  $labels  varchar[]  those of the lists whose rows the edition removes
-- reads:   shard (subset varchar, shard_no integer, file_row_number bigint, url varchar, punsafe double)
-- reads:   rows (shard_no integer, file_row_number bigint, row_hash bigint)
-- reads:   earlier_hashes (row_hash bigint)
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   same_link (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   lists (list_id integer, label varchar)
-- writes:  residual (subset varchar, band varchar, host varchar, directory varchar, n_rows bigint, n_listed bigint, host_stays boolean, directory_stays boolean)
-- nulls:   a row without a score is in the band `none`; NaN is no score
-- order:   none
--
-- Whoever has the old set subtracts the edition (`rows`), takes away what the public rule on scores
-- explains, and what earlier diffs named. The rest is what listed rows hide among. A row of a high
-- score counts as explained whether or not its caption holds a keyword: nobody outside can tell.
-- Hosts and directories are digests: they are counted, never named. One stays where a row of it is
-- still in the edition, so that it left in part; that is looked for among the shards of one call.

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
    inner join rows as r
        on s.shard_no = r.shard_no and s.file_row_number = r.file_row_number
    anti join earlier_hashes as e on r.row_hash = e.row_hash
),

unexplained as (
    select
        g.subset,
        case
            when g.score is null then 'none'
            when g.score < 0.01 then 'under 0.01'
            when g.score < 0.1 then 'under 0.1'
            when g.score < 0.45 then 'under 0.45'
            else 'above'
        end as band,
        replace(lower(split_part(coalesce(g.url, ''), '/', 3)), 'www.', '') as place,
        regexp_extract(coalesce(g.url, ''), '^[^?#]*/', 0) as directory,
        l.shard_no is not null as is_listed
    from gone as g
    left join listed as l
        on g.shard_no = l.shard_no and g.file_row_number = l.file_row_number
    where $unsafe_above is null or g.score is null or g.score <= $unsafe_above
),

near as (
    select
        s.shard_no,
        s.file_row_number,
        coalesce(s.url, '') as url,
        replace(lower(split_part(coalesce(s.url, ''), '/', 3)), 'www.', '') as place
    from shard as s
    where
        replace(lower(split_part(coalesce(s.url, ''), '/', 3)), 'www.', '')
        in (select u.place from unexplained as u)
),

stays as (
    select distinct
        n.place,
        regexp_extract(n.url, '^[^?#]*/', 0) as directory
    from near as n
    anti join rows as r
        on n.shard_no = r.shard_no and n.file_row_number = r.file_row_number
)

select
    u.subset,
    u.band,
    md5(u.place) as host,
    md5(u.directory) as directory,
    count(*) as n_rows,
    count(*) filter (where u.is_listed) as n_listed,
    u.place in (select s.place from stays as s) as host_stays,
    u.directory in (select s.directory from stays as s) as directory_stays
from unexplained as u
group by u.subset, u.band, u.place, u.directory;
