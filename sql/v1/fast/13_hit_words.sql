-- name:    hit_words
-- purpose: One regular expression that every link has which may be one that lists hit, or hold one.
-- params:  none
-- reads:   hit_keys (host_digest varchar, tail varchar)
-- writes:  hit_words (pattern varchar)
-- nulls:   a null pattern, which says nothing of any link, where a key is odd, or has no word, or
--          where these are too many for one look
-- order:   none
--
-- Of each key the longest word among its last characters (`link_word`, which says why none is lost),
-- and what may hide one. To look for all of them costs as much as for one.

create or replace temp table hit_words as
with words as (
    select distinct
        k.host_digest is null as is_odd,
        link_word(k.tail) as word
    from hit_keys as k
)

select
    case
        when count(*) <= 64 and bool_and(not w.is_odd and w.word is not null)
            then string_agg(w.word, '|' order by w.word) || '|' || link_hiding()
    end as pattern
from words as w;
