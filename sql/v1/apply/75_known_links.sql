-- name:    known_links
-- purpose: Those of the links looked for that stand in these shards.
-- params:  none
-- reads:   link_ids (link_id uuid)
-- reads:   wanted_links (link_id uuid)
-- writes:  known_links (link_id uuid)
-- nulls:   none
-- order:   none
--
-- `link_ids` are those of the shards' rows whose links end like one that is looked for
-- (`fast/34_hit_tails`).

create or replace temp table known_links as
select distinct i.link_id
from link_ids as i
semi join wanted_links as w on i.link_id = w.link_id;
