-- name:    odd_hosts
-- purpose: The links whose host SQL cannot tell; Python fills odd_keys with their keys.
-- params:  none
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- writes:  odd_links (url varchar)
-- nulls:   a row without a link stands in no site
-- order:   none

create or replace temp table odd_links as
with hosted as (
    select
        r.url,
        link_host(r.url) as plain
    from row_links as r
    where r.url is not null
)

select distinct h.url
from hosted as h
where site_is_odd(h.plain);
