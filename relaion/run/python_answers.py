"""What SQL leaves to Python, through tables: keys, inner links, spellings, row hashes."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from itertools import pairwise
from typing import Any, TypeVar

import pyarrow as pa

from relaion.engine import Engine
from relaion.links import host_digest, inner_links, link_key, names_part
from relaion.links.spellings import spellings
from relaion.links.text import as_bytes
from relaion.odometer import ODOMETER
from relaion.parquet.layout import Shard
from relaion.parquet.mended import marked, unmarked
from relaion.parquet.roles import Column
from relaion.processes import serve_parent
from relaion.run.numbered import Numbered
from relaion.sidecars.hash_tables import matching, others

# -- Work for Python spread over processes: keys, spellings and row hashes hold the GIL --------

T = TypeVar("T")
R = TypeVar("R")


def spread(do: Callable[[T], R], items: Iterable[T], hands: int) -> Iterator[R]:
    """Map over items in their order: in this process where `hands` is 1, else in so many others.

    A few items are taken ahead, never all: what is asked for and answered stays small.
    """
    if hands < 2:
        yield from map(do, items)
        return
    context = multiprocessing.get_context("spawn")
    waiting: deque[Future[R]] = deque()
    with ProcessPoolExecutor(hands, mp_context=context, initializer=serve_parent) as pool:
        for item in items:
            waiting.append(pool.submit(do, item))
            if len(waiting) > 2 * hands:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


# -- Row hashes of shards that lack them, computed only for those that something asks for ------

SMALL = 1_500_000  # rows below which starting processes costs more than they save


def fill_row_hashes(
    engine: Engine,
    shards: Sequence[Numbered],
    wanted: pa.Array | None,
    workers: int,
    *,
    takes_fillers: bool = True,
) -> None:
    """`row_hashes`: the rows whose computed hash is one of `wanted`, which SQL compares again.

    All that can be computed where that is None. Links and captions are read only where a row has
    no hash of its own; with `takes_fillers` off, a number that stands for none is none.
    """
    engine.execute("delete from row_hashes")
    of = shards if wanted is None or len(wanted) else []
    look = partial(matching, wanted, takes_fillers)
    hands = _hands([n.shard for n in of], workers)
    for i, found in enumerate(spread(look, [(n.no, n.shard) for n in of], hands), 1):
        ODOMETER.reach(i / len(of))
        if found.num_rows:
            engine.insert("row_hashes", found)


def _hands(shards: Sequence[Shard], workers: int) -> int:
    return min(workers, len(shards)) if sum(shard.rows for shard in shards) >= SMALL else 1


def fill_other_hashes(
    engine: Engine, shards: Sequence[tuple[Numbered, Sequence[Column]]], workers: int
) -> None:
    """`other_hashes`: those of rows of these shards by their captions, as `further` finds them."""
    asked = [(n.no, n.shard, captions) for n, captions in shards]
    for found in spread(others, asked, _hands([shard for _, shard, _ in asked], workers)):
        if found.num_rows:
            engine.insert("other_hashes", found)


# -- What SQL leaves to Python, through tables: link keys, inner links, spellings --------------
# A script selects the links that it cannot judge; each function here answers them in a table
# that the next script joins. Nothing is decided in it.

AT_ONCE = 20_000  # links; each may have dozens of spellings
BYTES_AT_ONCE = 4 << 20  # of links: a link may have sixty answers as long as itself
MANY = 100_000  # links; answering fewer takes less time than starting processes
Answer = Callable[[str | bytes], Iterable[tuple[Any, ...]]]

_KEYS = pa.schema(
    [
        ("url", pa.string()),
        ("url_key", pa.string()),
        ("host_digest", pa.string()),
        ("names_part", pa.bool_()),
    ]
)
_INNER = pa.schema([("url", pa.string()), ("inner_url", pa.string())])
_SPELLED = pa.schema([("url", pa.string()), ("spelling", pa.string()), ("text", pa.binary())])


def make_tables(engine: Engine) -> None:
    """The empty tables that are filled here, and those of row hashes and `sidecar_keys`."""
    for table, columns in (
        ("odd_keys", "url varchar, url_key varchar, host_digest varchar, names_part boolean"),
        ("inner_links", "url varchar, inner_url varchar"),
        ("spelled", "url varchar, spelling varchar, text blob"),
        ("row_hashes", "shard_no integer, file_row_number bigint, row_hash bigint"),
        ("other_hashes", "shard_no integer, file_row_number bigint, others bigint[]"),
        ("captionless", "shard_no integer"),
        (
            "sidecar_keys",
            "list_id integer, kind varchar, key_kind varchar, digest varchar, host_digest varchar, "
            "entry_digest varchar, trait_id integer",
        ),
    ):
        engine.execute(f"create or replace temp table {table} ({columns})")


def fill_keys(engine: Engine, workers: int = 1) -> None:
    """`odd_keys` for `odd_links`."""
    _fill(engine, "odd_links", "odd_keys", _KEYS, _keys, workers)


def fill_inner(engine: Engine, workers: int = 1) -> None:
    """`inner_links` for `holding_links`."""
    _fill(engine, "holding_links", "inner_links", _INNER, _inner, workers)


def fill_spelled(engine: Engine, workers: int = 1) -> None:
    """`spelled` for `odd_spellings`."""
    _fill(engine, "odd_spellings", "spelled", _SPELLED, spellings, workers)


def _held(text: str) -> str:
    """A text as DuckDB can hold it: one with lone surrogates stands for bytes, and is marked."""
    return text if text.isascii() else marked(as_bytes(text))


def _keys(url: str | bytes) -> Iterator[tuple[str, str | None, bool]]:
    key = link_key(url)
    yield _held(key), host_digest(key), names_part(url)


def _inner(url: str | bytes) -> Iterator[tuple[str]]:
    return ((_held(text),) for text in inner_links(url))


def _fill(
    engine: Engine, asked: str, table: str, schema: pa.Schema, answer: Answer, workers: int
) -> None:
    """Answer each link of the table `asked` with rows of `table`, some at a time."""
    engine.execute(f"delete from {table}")  # noqa: S608 - names of this module
    measured = f"select count(*), coalesce(sum(strlen(url)), 0) from {asked}"  # noqa: S608
    ((n, size),) = engine.rows(measured)
    if not n:
        return
    if n <= AT_ONCE and size <= BYTES_AT_ONCE:  # at once: nothing is to be cut
        urls = [url for (url,) in engine.rows(f"select url from {asked}")]  # noqa: S608
        engine.insert(table, _answered(answer, schema, urls))
        return
    some = f"select url from {asked} where rowid >= ? and rowid < ?"  # noqa: S608
    ends = [0, *_ends(engine, asked)]
    pieces = ([url for (url,) in engine.rows(some, [start, end])] for start, end in pairwise(ends))
    hands = workers if n >= MANY else 1
    for i, rows in enumerate(spread(partial(_answered, answer, schema), pieces, hands), 1):
        engine.insert(table, rows)
        ODOMETER.reach(i / (len(ends) - 1))


def _ends(engine: Engine, asked: str) -> list[int]:
    """Row numbers at which to cut the links of a table: not too many, and not too long together."""
    sized = f"select rowid as row_no, sum(strlen(url)) over (order by rowid) as size from {asked}"  # noqa: S608
    found = engine.rows(
        f"select max(row_no) + 1 from ({sized}) group by row_no // ?, size // ? order by all",  # noqa: S608
        [AT_ONCE, BYTES_AT_ONCE],
    )
    return [end for (end,) in found]


def _answered(answer: Answer, schema: pa.Schema, urls: list[str]) -> pa.Table:
    rows = [(url, *found) for url in urls for found in answer(unmarked(url))]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in schema]
    return pa.table(columns, schema=schema)
