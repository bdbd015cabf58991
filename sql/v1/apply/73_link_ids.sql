-- name:    link_ids
-- purpose: The identity of each of these rows by its link.
-- params:  none
-- reads:   proved_keys (shard_no integer, file_row_number bigint, url_key varchar)
-- reads:   link_keys (shard_no integer, file_row_number bigint, url_key varchar, host_digest varchar, names_part boolean)
-- writes:  link_ids (shard_no integer, file_row_number bigint, link_id uuid, host varchar, tail varchar, short ubigint)
-- nulls:   host is null where the host is odd
-- order:   none
--
-- The first 128 bits of the SHA-256 of the link key. A text that many rows carry without having
-- more in common, be it `None` or a host alone, is no identity (key_can_spread), nor is a link to
-- part of a page, which has the key of the page. By host, without `www.` as in `link_host_digest`, and
-- tail other links with that key are found (`fast/17_sought_links`); by 64 bits, `short`, most others are
-- told from them (`79_proved_links`).

create or replace temp table link_ids as
with keys as (
    select
        p.shard_no,
        p.file_row_number,
        p.url_key,
        true as has_host
    from proved_keys as p
    union all
    select
        l.shard_no,
        l.file_row_number,
        l.url_key,
        l.host_digest is not null as has_host
    from link_keys as l
    where not l.names_part
)

select
    k.shard_no,
    k.file_row_number,
    left(sha256(k.url_key), 32)::uuid as link_id,
    case when k.has_host then replace(key_place(k.url_key), 'www.', '') end as host,
    substr(k.url_key, -8) as tail,
    hash(k.url_key) as short
from keys as k
where key_can_spread(k.url_key);
