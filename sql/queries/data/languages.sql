-- name:    languages
-- purpose: How many rows of each language have a link, a caption, a score or a hash.
-- params:  none
-- reads:   shard (subset varchar, language varchar, url varchar, text varchar, punsafe double, row_hash bigint, image_md5 varchar, image_sha1 varchar, image_sha256 varchar)
-- nulls:   language is null where a subset has no column of it, and for rows that say none
-- order:   subset, rows from most, language
--
-- An audit tells coverage by subset alone. Values are counted as they stand: whether one is a
-- digest at all is for `inspect` and `match` to say.

select
    s.subset,
    s.language,
    count(*) as rows,
    round(100.0 * count(*) / sum(count(*)) over (partition by s.subset), 4) as percent,
    count(s.url) as with_link,
    count(s.text) as with_caption,
    count(s.punsafe) filter (where not isnan(s.punsafe)) as with_score,
    count(s.row_hash) as with_row_hash,
    count(s.image_md5) as with_md5,
    count(s.image_sha1) as with_sha1,
    count(s.image_sha256) as with_sha256
from shard as s
group by s.subset, s.language
order by s.subset asc, count(*) desc, s.language asc;
