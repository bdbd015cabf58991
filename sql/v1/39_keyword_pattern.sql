-- name:    keyword_pattern
-- purpose: One regular expression that finds any keyword as a word in a folded caption.
-- params:  none
-- reads:   keywords (keyword varchar)
-- writes:  keyword_pattern (pattern varchar)
-- nulls:   no keyword gives one null pattern, which matches nothing
-- order:   none
--
-- A keyword stands alone when no letter, digit or mark touches it: `кот` is in `мой кот`, not
-- in `котёл`; `caf` is not in `café`. (RE2's `\b` knows ASCII only, so borders are spelled
-- out.) Scripts that are written without spaces have no such borders: Han, kana, Bopomofo, Thai,
-- Lao, Tibetan, Myanmar, Khmer, the Tai scripts, Balinese, Javanese. A keyword that ends in one
-- of them, or meets one, needs none.

create or replace temp table keyword_pattern as
with spaced as (
    select trim(fold_blanks(k.keyword)) as keyword
    from keywords as k
    where trim(fold_blanks(k.keyword)) != ''
),

folded as (
    select distinct fold_text(s.keyword) as word
    from spaced as s
),

bordered as (
    select
        f.word,
        case
            when regexp_matches(f.word, '^[' || unspaced_letters() || ']') then ''
            else '(?:^|[^\p{L}\p{N}\p{M}]|[' || unspaced_letters() || '])'
        end as head,
        case
            when regexp_matches(f.word, '[' || unspaced_letters() || ']$') then ''
            else '(?:$|[^\p{L}\p{N}\p{M}]|[' || unspaced_letters() || '])'
        end as tail
    from folded as f
),

grouped as (
    select
        b.head || '(?:' || string_agg(regexp_escape(b.word), '|' order by b.word) || ')' || b.tail
            as pattern
    from bordered as b
    group by b.head, b.tail
)

select string_agg(g.pattern, '|' order by g.pattern) as pattern
from grouped as g;
