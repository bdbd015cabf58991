-- name:    known_links
-- purpose: Those of the links looked for that stand in these shards.
-- params:  none
-- reads:   link_ids (link_id uuid)
-- reads:   proved_links (link_id uuid)
-- reads:   wanted_links (link_id uuid)
-- writes:  known_links (link_id uuid)
-- nulls:   none
-- order:   none
--
-- `link_ids` are those of the shards' rows whose links end like one that is looked for
-- (`fast/17_sought_links`) and whose keys Python tells; of the others `79_proved_links` knows.

create or replace temp table known_links as
with told as (
    select i.link_id
    from link_ids as i
    union all
    select p.link_id
    from proved_links as p
)

select distinct t.link_id
from told as t
semi join wanted_links as w on t.link_id = w.link_id;
