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
-- out.) Scripts that are written without spaces have no such borders: Han, kana, Thai, Lao,
-- Tibetan, Myanmar, Khmer. A keyword that ends in one of them, or meets one, needs none.

create or replace temp table keyword_pattern as
with scripts as (
    select
        '\x{0E00}-\x{0EFF}\x{0F00}-\x{0FFF}\x{1000}-\x{109F}\x{1780}-\x{17FF}'
        || '\x{3040}-\x{30FF}\x{31F0}-\x{31FF}\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}'
        || '\x{F900}-\x{FAFF}\x{20000}-\x{3FFFF}' as unspaced
),

folded as (
    select distinct fold_text(trim(k.keyword)) as word
    from keywords as k
    where trim(k.keyword) != ''
),

bordered as (
    select
        f.word,
        case
            when regexp_matches(f.word, '^[' || s.unspaced || ']') then ''
            else '(?:^|[^\p{L}\p{N}\p{M}]|[' || s.unspaced || '])'
        end as head,
        case
            when regexp_matches(f.word, '[' || s.unspaced || ']$') then ''
            else '(?:$|[^\p{L}\p{N}\p{M}]|[' || s.unspaced || '])'
        end as tail
    from folded as f
    cross join scripts as s
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
