-- name:    link_keys
-- purpose: The link keys of the near links: proved in SQL, or as Python wrote them to odd_keys.
-- params:  $has_links  boolean  whether plain links, hosts or prefixes are listed; else none is keyed
-- reads:   near_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- reads:   tidied_links (url varchar, tidy varchar)
-- reads:   odd_keys (url varchar, url_key varchar, host_digest varchar, names_part boolean)
-- writes:  link_keys (shard_no integer, file_row_number bigint, level varchar, url_key varchar, host_digest varchar, names_part boolean)
-- nulls:   host_digest is null where the host is odd; names_part never is
-- order:   none

create or replace temp table link_keys as
select
    n.shard_no,
    n.file_row_number,
    n.level,
    coalesce(o.url_key, link_stripped(coalesce(t.tidy, n.url))) as url_key,
    case
        when o.url is null then link_host_digest(link_host(n.url)) else o.host_digest
    end as host_digest,
    coalesce(o.names_part, false) as names_part
from near_links as n
left join tidied_links as t on n.url = t.url
left join odd_keys as o on n.url = o.url
where $has_links;
