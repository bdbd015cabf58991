-- name:    salted_links
-- purpose: The link of each of these rows as a diff tells it.
-- params:  $salt  blob  the salt of the diff
-- reads:   proved_keys (shard_no integer, file_row_number bigint, url_key varchar)
-- reads:   link_keys (shard_no integer, file_row_number bigint, url_key varchar, names_part boolean)
-- writes:  salted_links (shard_no integer, file_row_number bigint, link blob)
-- nulls:   none
-- order:   none
--
-- The first 16 bytes of SHA-256 over salt and link key: two diffs cannot be joined by it, and no
-- table made beforehand finds it. Which links are identities: as in `73_link_ids`.

create or replace temp table salted_links as
with keys as (
    select
        p.shard_no,
        p.file_row_number,
        p.url_key
    from proved_keys as p
    union all
    select
        l.shard_no,
        l.file_row_number,
        l.url_key
    from link_keys as l
    where not l.names_part
)

select
    k.shard_no,
    k.file_row_number,
    unhex(left(sha256($salt || encode(k.url_key)), 32)) as link
from keys as k
where key_can_spread(k.url_key);
