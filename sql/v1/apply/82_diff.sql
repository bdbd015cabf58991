-- name:    diff
-- purpose: The identities that left: row hashes, and links that no row of the new set has.
-- params:  $by_row  boolean  whether row hashes are identities
-- params:  $by_link  boolean  whether links are identities
-- reads:   rows (shard_no integer, file_row_number bigint, row_hash bigint, link_bytes integer, is_shared boolean)
-- reads:   row_ids (shard_no integer, file_row_number bigint, link_id uuid, link blob)
-- reads:   new_links (link_id uuid)
-- writes:  diff (row_hash bigint, link blob, link_gone boolean, link_bytes integer)
-- writes:  diff_counts (n_rows bigint, n_links bigint, n_without bigint, n_linkless bigint, n_colliding bigint)
-- nulls:   row_hash is null where a row has none, or links alone count; link where the row has none
--          or the link still stands in the new set; link_bytes but where the row hash still stands there
-- order:   row_hash, link, link_bytes
--
-- What still stands anywhere in the new set is not told: neither a row hash (`81_gone_rows`) nor a
-- link. Where a hash stands there with a link of another length alone, it is told with the length of
-- the link that left: those that hold the row with the other link are to keep it. But not where that
-- link stands there, too: it may be spelled anew beside the hash. Several rows of one hash and link are one line. n_without are rows with no identity that
-- could be told, n_linkless rows that no link tells; n_colliding row hashes that more than one link has.

create or replace temp table left_rows as
select
    case when $by_row then r.row_hash end as row_hash,
    case when $by_row and r.is_shared then r.link_bytes end as link_bytes,
    case
        when $by_link and i.link_id not in (select n.link_id from new_links as n) then i.link
    end as link,
    i.link_id
from rows as r
left join row_ids as i
    on r.shard_no = i.shard_no and r.file_row_number = i.file_row_number
where not (
    $by_row and $by_link and r.is_shared
    and coalesce(i.link_id in (select s.link_id from new_links as s), false)
);

create or replace temp table diff as
select distinct
    l.row_hash,
    l.link,
    l.link is not null as link_gone,
    l.link_bytes
from left_rows as l
where l.row_hash is not null or l.link is not null
order by l.row_hash, l.link, l.link_bytes;

create or replace temp table diff_counts as
select
    count(*) filter (where l.row_hash is not null or l.link is not null) as n_rows,
    count(distinct l.link) as n_links,
    count(*) filter (where l.row_hash is null and l.link_id is null) as n_without,
    count(*) filter (where l.row_hash is not null and l.link_id is null) as n_linkless,
    (
        select count(*)
        from (
            select c.row_hash
            from left_rows as c
            where c.row_hash is not null and c.link_id is not null
            group by c.row_hash
            having count(distinct c.link_id) > 1
        ) as several
    ) as n_colliding
from left_rows as l;
