"""Rows for the bench: LAION-like, any number of them, made by DuckDB as fast as it writes.

Every value is a function of the seed and the row's number, so one version of DuckDB always
makes the same set. It is made once: a folder that holds it already is used as it is.
"""

import json
import random
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from relaion.engine import Engine, connect, literal
from relaion.sample.words import VOCABULARY

SHARD_ROWS = 1_000_000
HIT_EVERY = 500  # one row in 500 is on the list: 0.2 %
KEYWORDS = ("teapot", "фонарь", "茶壶")
# rows above 0.95 are this share of those above 0.45, and this share of them hold a keyword
HIGH_SHARE, KEYWORD_SHARE = 0.25, 0.4


@dataclass(frozen=True)
class BenchSet:
    """A generated data set: its folder of shards, its list, its keywords, and their sizes.

    `hits` is the number of rows whose MD5 is on the list.
    """

    data: Path
    md5_list: Path
    keywords: Path
    rows: int
    entries: int
    hits: int


def bench_set(
    folder: Path,
    rows: int,
    seed: int = 1,
    entries: int = 200_000,
    removed_share: float = 0.012,
    *,
    shards: int | None = None,
    hit_every: int = HIT_EVERY,
    n_keywords: int = len(KEYWORDS),
    real: Path | None = None,
) -> BenchSet:
    """Make, or find again, `rows` rows in the joined layout and a list of `entries` MD5.

    `removed_share` of the rows score above 0.45, so `research-safe` removes that share and
    the 0.2 % that the list hits; `research` removes the list's and about a tenth of that
    share. One shard holds a million rows unless `shards` says how many there are. One row in
    `hit_every` is hit. `real` is a sample of real links and captions, which are then recombined.
    The list must have room for the rows that it hits: raises ValueError where it has not.
    """
    n_shards = shards or max(4, -(-rows // SHARD_ROWS))
    hits = len(range(seed % hit_every, rows, hit_every))
    if entries < hits:
        raise ValueError(f"entries: {entries:,} are fewer than the {hits:,} rows to hit")
    named = {"rows": rows, "seed": seed, "entries": entries, "removed": removed_share}
    parts = [*(f"{key}{value}" for key, value in named.items()), f"n{n_shards}"]
    parts += [f"every{hit_every}", f"words{n_keywords}", *(["real"] if real else [])]
    top = folder / "-".join(parts)
    made = BenchSet(top / "data", top / "list.txt", top / "keywords.txt", rows, entries, hits)
    done = top / "done.json"
    if not done.exists():
        shutil.rmtree(top, ignore_errors=True)
        (made.data / "laion2B-en").mkdir(parents=True)
        with connect(memory="2GB", temp=top) as engine:
            source = _source(engine, real) | {"hit_every": hit_every}
            _write_shards(engine, made, seed, removed_share, n_shards, source)
            _write_list(engine, made, seed, hit_every)
        made.keywords.write_text("\n".join(_keywords(n_keywords)) + "\n", encoding="utf-8")
        done.write_text(json.dumps(named), encoding="utf-8")
    return made


def _keywords(n: int) -> list[str]:
    """Some that captions hold, and others that none does."""
    draw = random.Random(1)
    others = ["".join(draw.choices("abcdefghijklmnop", k=7)) for _ in range(n - len(KEYWORDS))]
    return [*KEYWORDS, *others]


def _source(engine: Engine, real: Path | None) -> dict[str, object]:
    """How links and captions come about: made up, or recombined from a sample."""
    if real is None:
        return dict(_MADE)
    engine.execute(_SAMPLE.format(path=literal(str(real))), doing="reading the sample")
    ((n,),) = engine.rows("select count(*) from real")
    return {key: text.format(n=n) for key, text in _REAL.items()}


def _write_shards(
    engine: Engine,
    made: BenchSet,
    seed: int,
    removed_share: float,
    n_shards: int,
    source: Mapping[str, object],
) -> None:
    engine.set_variables(
        seed=seed,
        words=list(VOCABULARY["en"]),
        keywords=list(KEYWORDS),
        unsafe=1 - removed_share,
        high=1 - removed_share * HIGH_SHARE,
    )
    for macro in _MACROS:
        engine.execute(macro, doing="making macros")
    ends = [made.rows * (i + 1) // n_shards for i in range(n_shards)]
    for i, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        path = made.data / "laion2B-en" / f"part-{i:05d}-bench-c000.snappy.parquet"
        rows = _ROWS.format(start=start, end=end, keyword_share=KEYWORD_SHARE, **source)
        engine.execute(
            f"copy ({rows}) to {literal(str(path))} (format parquet, compression snappy)",
            doing=f"making {path.name}",
        )


# a `%` of unlike types is ten times slower, hence the cast to ubigint
# chance(i, what): a number in [0, 1) that row i always draws for the same purpose
_MACROS = (
    """
    create or replace temp macro chance(i, what) as
        hash(i, what, getvariable('seed')) / 18446744073709551616.0
    """,
    """
    create or replace temp macro word(i, what) as
        getvariable('words')[
            1 + (hash(i, what, getvariable('seed')) % len(getvariable('words'))::ubigint)::integer
        ]
    """,
    "create or replace temp macro row_md5(i) as md5(concat(getvariable('seed'), ' row ', i))",
)

_ROWS = """
with drawn as (
    select
        i,
        (12000 * pow(chance(i, 'host'), 3.5))::integer as host,
        chance(i, 'query') as query,
        chance(i, 'score') as score,
    from range({start}, {end}) as r (i)
)

select
    {link} as "URL",
    concat(
        {caption},
        if(
            chance(i, 'keyword') < if(score > $high, {keyword_share}, 0.002),
            ' ' || $keywords[1 + i % len($keywords)],
            ''
        )
    ) as "TEXT",
    (200 + hash(i, 'width') % 1000)::integer as "WIDTH",
    (200 + hash(i, 'height') % 1000)::integer as "HEIGHT",
    0.28 + chance(i, 'similarity') / 10 as similarity,
    (hash(i, 'row', $seed)::hugeint - 9223372036854775808)::bigint as hash,
    pow(chance(i, 'watermark'), 3)::float as pwatermark,
    case
        when chance(i, 'scored') < 0.002 then null
        when score <= $unsafe then 0.449 * pow(score / $unsafe, 6)
        when score <= $high then 0.451 + 0.498 * (score - $unsafe) / ($high - $unsafe)
        else 0.951 + 0.049 * (score - $high) / (1 - $high)
    end::float as punsafe,
    if(chance(i, 'image') < 0.02 and i % {hit_every} <> $seed % {hit_every}, null, row_md5(i))
        as md5
from drawn {also}
"""

_MADE = {
    "also": "",
    "link": """concat(
        if(chance(i, 'scheme') < 0.62, 'https://', 'http://'),
        if(host % 7 = 3, 'www.', 'static.'),
        if(
            chance(i, 'case') < 0.001,
            upper($words[1 + host % len($words)]),
            $words[1 + host % len($words)]
        ),
        host,
        '.example/',
        array_to_string([word(i, k) for k in range(4 + (hash(i, 'depth') % 9)::integer)], '/'),
        if(chance(i, 'escape') < 0.056, '/old%20', '/'),
        format('{:08x}', i * 2654435761 % 4294967296),
        '.jpg',
        case
            when query < 0.021 then '?w=640&amp;h=480'
            when query < 0.12 then '?w=640&h=480'
            when query < 0.24 then concat('?v=', hash(i) % 10000000)
            else ''
        end
    )""",
    "caption": """array_to_string(
            [word(i, -k) for k in range(2 + (hash(i, 'length') % 16)::integer)], ' '
        )""",
}

# hosts, paths and halves of captions of a real sample, each drawn by itself
_REAL = {
    "also": " ".join(
        f"join real as {part} on {part}.no = hash(i, '{part}', $seed) % {{n}}"
        for part in ("place", "path", "front", "back")
    ),
    "link": "concat(place.place, '/', format('{{:x}}', i), path.path)",
    "caption": "concat(front.front, ' ', back.back)",
}
_SAMPLE = """
create or replace temp table real as
with cut as (
    select "URL", string_split("TEXT", ' ') as words,
        regexp_extract("URL", '^[a-z]+://[^/?#]+') as place
    from read_parquet({path}) where regexp_matches("URL", '^https?://[^/?#]+/') and "TEXT" <> ''
)
select (row_number() over () - 1)::ubigint as no, place,
    substr("URL", length(place) + 1) as path,
    array_to_string(words[:len(words) // 2], ' ') as front,
    array_to_string(words[len(words) // 2 + 1:], ' ') as back
from cut
"""


def _write_list(engine: Engine, made: BenchSet, seed: int, hit_every: int) -> None:
    """Spread the rows to hit evenly among digests that no row has."""
    step = made.entries // made.hits
    query = f"""
        select if(
            j % {step} = 0 and j // {step} < {made.hits},
            row_md5({seed % hit_every} + {hit_every} * (j // {step})),
            md5(concat($seed, ' other ', j))
        ) from range({made.entries}) as r (j)
    """
    engine.execute(
        f"copy ({query}) to {literal(str(made.md5_list))} (format csv, header false)",
        doing=f"making {made.md5_list.name}",
    )


def write_links(path: Path, n: int, rows: range, real: Path, seed: int = 1) -> None:
    """A list of `n` links as those of a set of `real` links: those of these rows, and of no row.

    The others have hosts and ends of half of the sample. So about half of all rows have the host
    and the end of a listed link, as among real links of which 100,000 others are listed: of 8,000
    links of the sample a fourth of the others have both, and the share grows with the list.
    """
    others = f"select {10**12} + j as i from range({n - len(rows)}) as r (j)"
    wanted = f"select i from range({rows.start}, {rows.stop}, {rows.step}) as r (i)"
    with connect() as engine:
        whole = _source(engine, real)
        ((size,),) = engine.rows("select count(*) from real")
        half = {key: text.format(n=size // 2) for key, text in _REAL.items()}
        engine.set_variables(seed=seed)
        query = " union all ".join(
            f"select {source['link']} from ({numbers}) {source['also']}"
            for numbers, source in ((wanted, whole), (others, half))
        )
        engine.execute(
            f"copy ({query}) to {literal(str(path))} (format csv, header false, quote '')",
            doing=f"making {path.name}",
        )
