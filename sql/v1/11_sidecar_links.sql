-- name:    sidecar_links
-- purpose: The links of the sidecar rows that a list hit, in the shape of near_links.
-- params:  none
-- reads:   sidecar_hits (url varchar)
-- writes:  near_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- nulls:   these links stand in no shard, so their shard and row are null
-- order:   none
--
-- Same shape as `16_near_links` makes, so that `19_odd_links` and `20_link_keys` serve both.

create or replace temp table near_links as
select distinct
    null::integer as shard_no,
    null::bigint as file_row_number,
    h.url,
    'own' as level
from sidecar_hits as h
where h.url is not null;
