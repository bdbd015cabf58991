-- name:    site_counts
-- purpose: How many rows stand in each place, what they are like, and the places of listed rows.
-- params:  $depth  integer  0 for hosts; 1 for directories of split hosts; 2 for links of split ones
-- params:  $labels  varchar[]  those of the lists whose rows some edition removes
-- params:  $keyword_pattern  varchar  what 39_keyword_pattern made; null where there is none
-- reads:   shard (subset varchar, shard_no integer, file_row_number bigint, url varchar, text varchar, punsafe double, language varchar)
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- reads:   odd_keys (url varchar, url_key varchar)
-- reads:   split_places (place varchar)
-- reads:   list_hits (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   same_link (shard_no integer, file_row_number bigint, list_id integer)
-- reads:   lists (list_id integer, label varchar)
-- writes:  site_counts (depth integer, site varchar, host varchar, directory varchar, subset varchar, language varchar, n_rows bigint, n_scored bigint, score_sum bigint, n_keyword bigint)
-- writes:  listed_places (host varchar, directory varchar, link varchar, list_id integer)
-- nulls:   directory is null but at depth 2; NaN and null are no score; no language is ''; the place of
--          a listed row without a link is null
-- order:   none
--
-- Sums of a batch, never rows. Scores are summed as whole millionths: a sum of fractions would hang
-- on the order of the shards. A row counts for the first of its links, and is listed by any.

create or replace temp table site_counts as
with hosted as (
    select
        h.*,
        link_host(h.url) as plain
    from shard as h
    where h.url is not null
),

placed as (
    select
        s.subset,
        lower(coalesce(s.language, '')) as language,
        s.text,
        site_host(s.plain, o.url_key) as host,
        site_text(s.url, o.url_key) as link,
        case
            when s.punsafe >= -1000 and s.punsafe <= 1000
                then round(s.punsafe * 1000000)::bigint
        end as score
    from hosted as s
    left join odd_keys as o on case when site_is_odd(s.plain) then s.url end = o.url
),

parted as (
    select
        p.*,
        case when $depth > 0 then site_directory(p.host, p.link) end as directory
    from placed as p
    where $depth = 0 or p.host in (select h.place from split_places as h)
),

final as (
    select
        case $depth when 0 then p.host when 1 then p.directory else site_link(p.link) end as site,
        p.host,
        case when $depth = 2 then p.directory end as directory,
        p.subset,
        p.language,
        p.score,
        $keyword_pattern is not null
        and caption_has_keyword(p.text, $keyword_pattern) as has_keyword
    from parted as p
    where $depth < 2 or p.directory in (select d.place from split_places as d)
)

select
    $depth::integer as depth,
    f.site,
    f.host,
    f.directory,
    f.subset,
    f.language,
    count(*) as n_rows,
    count(f.score) as n_scored,
    coalesce(sum(f.score), 0)::bigint as score_sum,
    count(*) filter (where f.has_keyword) as n_keyword
from final as f
group by all;

create or replace temp table listed_places as
with listed as (
    select
        h.shard_no,
        h.file_row_number,
        h.list_id
    from list_hits as h
    where $depth = 0
    union
    select
        s.shard_no,
        s.file_row_number,
        s.list_id
    from same_link as s
    where $depth = 0
),

wanted as (
    select l.*
    from listed as l
    inner join lists as n on l.list_id = n.list_id
    where list_contains($labels, n.label)
),

hosted as (
    select
        l.shard_no,
        l.file_row_number,
        l.list_id,
        r.url,
        link_host(r.url) as plain
    from row_links as r
    inner join wanted as l
        on r.shard_no = l.shard_no and r.file_row_number = l.file_row_number
    where r.url is not null
),

lost as (
    select w.list_id
    from wanted as w
    anti join hosted as h
        on w.shard_no = h.shard_no and w.file_row_number = h.file_row_number
),

placed as (
    select
        h.list_id,
        site_host(h.plain, o.url_key) as host,
        site_text(h.url, o.url_key) as link
    from hosted as h
    left join odd_keys as o on case when site_is_odd(h.plain) then h.url end = o.url
)

select distinct
    p.host,
    site_directory(p.host, p.link) as directory,
    site_link(p.link) as link,
    p.list_id
from placed as p
union
select
    null::varchar as host,
    null::varchar as directory,
    null::varchar as link,
    w.list_id
from lost as w;
