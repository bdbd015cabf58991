-- name:    odd_hosts
-- purpose: The links whose host SQL cannot tell; Python fills odd_keys with their keys.
-- params:  none
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- writes:  odd_links (url varchar)
-- nulls:   a row without a link stands in no site
-- order:   none

create or replace temp table odd_links as
select distinct r.url
from row_links as r
where r.url is not null and link_is_odd_host(r.url);
