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
with scripts as (
    select
        '\x{0E00}-\x{0EFF}\x{0F00}-\x{0FFF}\x{1000}-\x{109F}\x{1780}-\x{17FF}'
        || '\x{1950}-\x{19FF}\x{1A20}-\x{1AAF}\x{1B00}-\x{1B7F}\x{3005}-\x{302D}'
        || '\x{3031}-\x{303C}\x{3040}-\x{312F}\x{3190}-\x{31BF}\x{31F0}-\x{31FF}\x{3400}-\x{4DBF}'
        || '\x{4E00}-\x{9FFF}\x{A980}-\x{A9FF}\x{AA60}-\x{AADF}\x{F900}-\x{FAFF}'
        || '\x{FF66}-\x{FF9F}\x{1AFF0}-\x{1B16F}\x{20000}-\x{3FFFF}' as unspaced
),

spaced as (
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
