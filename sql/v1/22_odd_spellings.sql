-- name:    odd_spellings
-- purpose: The links whose spellings SQL cannot list; Python fills spelled with them.
-- params:  $has_hashed  boolean  whether hashed links are listed; without one nothing is spelled
-- reads:   row_links (shard_no integer, file_row_number bigint, url varchar)
-- reads:   near_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- writes:  hashed_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- writes:  ordinary_links (shard_no integer, file_row_number bigint, url varchar, level varchar)
-- writes:  odd_spellings (url varchar)
-- nulls:   a null link is not spelled
-- order:   none
--
-- A hashed link cannot be put in another form, so every row's link is hashed in each spelling
-- that a giver may have used (decisions/0006). For each odd link, `relaion.links.spellings`
-- writes rows of spelled (url varchar, form varchar, spelling blob).

create or replace temp view hashed_links as
select
    s.shard_no,
    s.file_row_number,
    s.url,
    'own' as level
from row_links as s
where $has_hashed and s.url is not null
union all
select
    n.shard_no,
    n.file_row_number,
    n.url,
    n.level
from near_links as n
where $has_hashed and n.level = 'inner';

create or replace temp table odd_spellings as
select distinct h.url
from hashed_links as h
where spelling_is_odd(h.url);

create or replace temp view ordinary_links as
select h.*
from hashed_links as h
anti join odd_spellings as o on h.url = o.url;
