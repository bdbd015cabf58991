-- name:    near_links
-- purpose: The rows whose link stands on a listed host, or on one that SQL cannot judge.
-- params:  $has_links  boolean  whether any link is listed; without one, no row is near
-- reads:   shard (shard_no integer, file_row_number bigint, url varchar)
-- reads:   listed_hosts (host_digest varchar)
-- writes:  near_links (shard_no integer, file_row_number bigint, url varchar)
-- nulls:   a null link is never near
-- order:   none
--
-- Too many rows here cost time; one too few would be a missed link. So whatever is not
-- plainly `http(s)://` and an ordinary host goes on (its link_host is empty).

create or replace temp table near_links as
with hosted as (
    select
        s.shard_no,
        s.file_row_number,
        s.url,
        link_host(s.url) as host
    from shard as s
    where $has_links and s.url is not null
)

select
    h.shard_no,
    h.file_row_number,
    h.url
from hosted as h
where h.host = '' or md5(h.host) in (select l.host_digest from listed_hosts as l);
