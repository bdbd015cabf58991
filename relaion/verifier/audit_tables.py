"""audit.duckdb: what it consists of, what it says of files, and of the run."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from relaion.engine import Engine, connect, quote
from relaion.errors import RelaionError, ShortError
from relaion.paths import shown
from relaion.verifier.file_checks import AUDIT
from relaion.verifier.manifest import MANIFEST, FileLine, Statement, why_stated
from relaion.verifier.task import ShardReport
from relaion.verifier.verdict import Notes

# -- What an audit consists of: each table and column that clean makes, with its comment -------
# Written down apart from the SQL that makes it, so that neither can change alone: a comment, a
# default or a further object could say what no audit may say.

_TEXT = """
run: What made this audit.
  name VARCHAR: what is stated
  setting VARCHAR: its value
parameters: The settings that decide which rows stay.
  name VARCHAR: the parameter
  setting VARCHAR: its value, as JSON
scripts: The SQL that decided, by the digest of its bytes.
  name VARCHAR: file below sql/<version>/
  sha256 VARCHAR: hex digest, as sha256sum prints it
lists: The deliveries that were matched, a line for each kind of entry.
  list_id INTEGER: number of the delivery in the list store
  source VARCHAR: who sent it
  title VARCHAR: what it is called
  label VARCHAR: csam, privacy, opt-out, ...; editions choose by it
  received VARCHAR: day on which it came
  digest VARCHAR: HMAC-SHA256 of the delivery under the curator key
  kind VARCHAR: what its entries are
  entries BIGINT: how many distinct entries of this kind
  role VARCHAR: bad, or good for what is known good and removes nothing
  step INTEGER: the step that it was first matched in; 1 is the first clean
inputs: The shards that went in.
  subset VARCHAR: folder of shards that are audited together
  shard VARCHAR: file name
  rows BIGINT: rows
  bytes BIGINT: size
  sha256 VARCHAR: hex digest of the file
outputs: The shards that came out.
  edition VARCHAR: which edition
  subset VARCHAR: folder of shards that are audited together
  shard VARCHAR: file name
  rows BIGINT: rows kept
  bytes BIGINT: size
  sha256 VARCHAR: hex digest of the file
coverage: How many rows could be matched by what.
  subset VARCHAR: folder of shards that are audited together
  role VARCHAR: url, text, punsafe, row_hash or an image hash
  via VARCHAR: column of the shards, sidecar, or computed
  rows BIGINT: rows of the subset
  covered BIGINT: rows that have a value; where estimated, about so many
  estimated BOOLEAN: whether covered was reckoned from a sample
  sampled BIGINT: rows of that sample
not_looked_at: What no list and no rule was compared with; none: clean alone.
  subset VARCHAR: folder of shards that are audited together
  role VARCHAR: what the column looks like; or files, keywords, lists
  column_name VARCHAR: the column; null where there is none
  reason VARCHAR: why it, or these of its values, were not looked at
  n_values BIGINT: how many values, rows or files; null if not counted
scores: All rows by score, listed or not; nothing of what lists found.
  subset VARCHAR: folder of shards that are audited together
  above DOUBLE: scores above this; null below all, and for no score
  up_to DOUBLE: and up to this; null above all, and for no score
  rows BIGINT: rows
hits: What the lists found, whatever the editions made of it.
  subset VARCHAR: folder of shards; small: several of few rows together
  list_id INTEGER: the delivery
  kind VARCHAR: what was compared; null for a listed link's other rows
  form VARCHAR: the spelling of the link that was compared
  gross BIGINT: rows
  exclusive BIGINT: rows nothing else found; gross - exclusive overlap
hit_groups: Overlaps counted once: rows found, and memberships before that.
  subset VARCHAR: folder of shards; small: several of few rows together
  grouping VARCHAR: all, source, label, or same_link (beyond the lists)
  name VARCHAR: the source or label
  memberships BIGINT: rows counted once for each list that names them
  rows BIGINT: rows counted once
protocol: Deliveries in order of receipt: the rows each was first to name.
  subset VARCHAR: folder of shards; small: several of few rows together
  place INTEGER: in order of receipt, those without a day last
  list_id INTEGER: the delivery
  kind VARCHAR: what was compared
  gross BIGINT: rows that it names
  new_rows BIGINT: rows that no delivery or kind before it names
  rows_so_far BIGINT: rows that it or a delivery before it names
shared_rows: How many rows each two lists both name, from 10 rows on.
  list_id INTEGER: a delivery that names rows
  other_id INTEGER: another, of a larger number
  least BIGINT: rows that both name, at least; 0 for fewer than 10
  most BIGINT: and at most; null where it is not told
removals: Why rows left an edition.
  edition VARCHAR: which edition
  subset VARCHAR: folder of shards; small: several of few rows together
  reason_kind VARCHAR: list, same_link, cover or rule
  list_id INTEGER: the delivery; null for a rule and for cover
  label VARCHAR: the label that rows leave for; null for a rule
  kind VARCHAR: what was compared; null but for list
  form VARCHAR: the spelling of the link that was compared
  rule VARCHAR: the rule; null for a list
  gross BIGINT: rows that leave for this reason
  exclusive BIGINT: rows that leave for this reason alone
removal_groups: Why rows left, overlaps within a source or label counted once.
  edition VARCHAR: which edition
  subset VARCHAR: folder of shards; small: several of few rows together
  grouping VARCHAR: source or label
  name VARCHAR: the source or label
  gross BIGINT: rows that its lists remove
  exclusive BIGINT: rows that leave for nothing else
unions: Rows in, removed and kept.
  edition VARCHAR: which edition
  subset VARCHAR: folder of shards that are audited together
  rows_in BIGINT: rows of the input
  removed BIGINT: rows that left, counted once
  kept BIGINT: rows that stayed
steps: The first clean and the updates since: what each kept.
  step INTEGER: 1 is the first clean; the last is this run
  run VARCHAR: the run, as its manifest names it
  edition VARCHAR: which edition
  subset VARCHAR: folder of shards that are audited together
  rows_in BIGINT: rows of the input
  removed BIGINT: rows that had left by then, counted once
  kept BIGINT: rows that stayed
"""


def _read_tables(text: str) -> dict[str, tuple[str, dict[str, tuple[str, str]]]]:
    found: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {}
    columns: dict[str, tuple[str, str]] = {}
    for line in text.strip().splitlines():
        name, _, comment = line.strip().partition(": ")
        if line.startswith(" "):
            column, kind = name.split()
            columns[column] = kind, comment
        else:
            columns = {}
            found[name] = comment, columns
    return found


TABLES = _read_tables(_TEXT)
"""Table to its comment, and its columns in order: name to type and comment."""
# kinds of objects of which an audit has none; what DuckDB itself brings along does not count
_NONE = (
    "schemas() where not internal",
    "views() where not internal",
    "functions() where not internal",
    "types() where not internal",
    "sequences() where true",
    "indexes() where true",
    "constraints() where true",
    "triggers() where true",
)


def differences(engine: Engine) -> dict[str, list[str]]:
    """What an open audit has otherwise, in words by promise; never a name that is not its own."""
    found: dict[str, list[str]] = {"4": [], "6": []}
    counts = " union all ".join(
        f"select {i}, count(*) from duckdb_{kind} and database_name = current_database()"  # noqa: S608 - ours
        for i, kind in enumerate(_NONE)
    )
    for i, n in sorted(engine.rows(counts)):  # asked at once: half the time
        if n:
            found["4"].append(f"holds {_NONE[i].split('(')[0]} that no audit has")
    tables = _tables(engine)
    if set(tables) - set(TABLES):
        found["4"].append("holds tables that no audit has")
    columns = _columns(engine)
    for table, (comment, expected) in TABLES.items():
        if table not in tables:
            found["6"].append(f"table {table} is missing")
            continue
        if tables[table] != (comment, "{}", False):
            found["4"].append(f"table {table} has another comment, or tags, than an audit has")
        _compare(table, expected, columns[table], found)
    return found


def _compare(
    table: str,
    expected: dict[str, tuple[str, str]],
    found: dict[str, tuple[object, ...]],
    said: dict[str, list[str]],
) -> None:
    if set(found) - set(expected):
        said["4"].append(f"table {table} holds a column that no audit has")
    if set(expected) - set(found):
        said["6"].append(f"table {table} lacks a column")
    elif [name for name in found if name in expected] != list(expected):
        said["6"].append(f"table {table} has its columns in another order")
    for name, (kind, comment) in expected.items():
        if name not in found:
            continue
        if found[name][0] != kind:
            said["6"].append(f"column {table}.{name} has another type than in an audit")
        if found[name][1:] != (comment, "{}", True, None, False):
            what = "has another comment, default or constraint than in an audit"
            said["4"].append(f"column {table}.{name} {what}")


def _tables(engine: Engine) -> dict[str, tuple[object, ...]]:
    rows = engine.rows(
        "select schema_name, table_name, comment, tags::varchar, temporary from duckdb_tables() "
        "where not internal and database_name = current_database()"
    )
    return {name if schema == "main" else f"{schema}.": tuple(x) for schema, name, *x in rows}


def _columns(engine: Engine) -> dict[str, dict[str, tuple[object, ...]]]:
    found: dict[str, dict[str, tuple[object, ...]]] = {}
    rows = engine.rows(
        "select table_name, column_name, data_type, comment, tags::varchar, is_nullable, "
        "column_default, is_generated from duckdb_columns() where not internal "
        "and schema_name = 'main' and database_name = current_database() "
        "order by table_name, column_index"
    )
    for table, column, *x in rows:
        found.setdefault(table, {})[column] = tuple(x)
    return found


# -- audit.duckdb: its tables, and what they say of files --------------------------------------

_HEADERS = 3 * 4096  # of a DuckDB file: its own, and two that take turns
Cells = dict[str, Collection[dict[str, Any]]]
_OF_FILES = ("inputs", "outputs")


def is_stated(out: Path, statement: Statement) -> bool:
    """Whether the audit of an OUT has the bytes that the manifest there states."""
    try:
        with (out / AUDIT).open("rb") as f:
            return hashlib.file_digest(f, "sha256").hexdigest() == statement.audit
    except OSError:
        return False


def read_audit(out: Path, notes: Notes) -> Cells | None:
    """All tables of the audit, in plain selects; None when it cannot be read.

    An object, comment or byte that is not known is a finding: counts are all that may stand there.
    """
    path = out / AUDIT
    if not path.is_file():
        notes.find("6", AUDIT, "is missing")
        return None
    if os.path.lexists(path.with_name(f"{AUDIT}.wal")):  # DuckDB would apply it, or wait for a pipe
        notes.find("6", AUDIT, "has a log beside it, which may change it; it was not read")
        return None
    try:
        with connect(path, read_only=True, threads=1) as engine:
            return _read(engine, path.stat().st_size, notes)
    except ShortError:  # it may be whole
        notes.find("6", AUDIT, "was not read: memory ran out")
        return None
    except (RelaionError, OSError):
        notes.find("6", AUDIT, "cannot be read as a DuckDB database")
        return None


def _read(engine: Engine, size: int, notes: Notes) -> Cells | None:
    said = differences(engine)
    for promise, words in said.items():
        for what in words:
            notes.find(promise, AUDIT, what)
    ((block, total, free, log),) = engine.rows(
        "select block_size, total_blocks, free_blocks, wal_size from pragma_database_size() "
        "where database_name = current_database()"
    )
    if size != _HEADERS + block * total or free or log != "0 bytes":
        notes.find("4", AUDIT, "holds bytes that belong to no table; they may say anything")
    if said["6"]:
        return None
    return {table: _cells(engine, table, list(columns)) for table, (_, columns) in TABLES.items()}


class _Lines(Collection[dict[str, Any]]):
    """Lines in the memory of Arrow, where those of very many files take a quarter."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self._batches = [*batches]

    def __len__(self) -> int:
        return sum(batch.num_rows for batch in self._batches)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for batch in self._batches:
            yield from batch.to_pylist()

    def __contains__(self, line: object) -> bool:
        return any(found == line for found in self)


def _cells(engine: Engine, table: str, columns: Sequence[str]) -> Collection[dict[str, Any]]:
    names = ", ".join(quote(c) for c in columns)
    query = f"select {names} from {quote(table)}"  # noqa: S608 - names of TABLES only
    if table in _OF_FILES:
        return _Lines(engine.batches(query, rows=10_000))
    rows = engine.rows(query)
    return [dict(zip(columns, row, strict=True)) for row in rows]


# -- Promise 6: do the audit's own words about files and the run repeat what the manifest states? --


def check_stated(cells: Cells, statement: Statement, notes: Notes) -> None:
    """Hold the tables that repeat the manifest against it; unions are sums of its shards."""
    for table, expected in _expected(statement).items():
        if Counter(tuple(row.values()) for row in cells[table]) != Counter(expected):
            what = (
                "the sum of the shards' rows" if table == "unions" else "what the manifest states"
            )
            notes.find("6", AUDIT, f"table {table} is not {what}")


def _expected(statement: Statement) -> dict[str, list[tuple[Any, ...]]]:
    raw = statement.raw
    run = {name: raw[name] for name in ("run", "sql_version", "relaion", "duckdb", "pyarrow")}
    run["link_key"] = raw["key_version"]
    rows_in, kept = statement.sums()
    of_list = ("list_id", "source", "title", "label", "received", "digest")
    known: dict[int, tuple[dict[str, Any], int]] = {}
    for step, held in enumerate([*(s["lists"] for s in raw["lineage"]), raw["lists"]], 1):
        known |= {x["list_id"]: (x, known.get(x["list_id"], (x, step))[1]) for x in held}
    lists = [
        (*(_text(line[name]) for name in of_list), kind, n, line["role"], step)
        for line, step in known.values()
        for kind, n in line["entries"].items()
    ]
    return {
        "inputs": [_line(key, file) for key, file in statement.inputs.items()],
        "outputs": [_line(key, file) for key, file in statement.outputs.items()],
        "unions": [(*key, rows_in[key[1]], rows_in[key[1]] - n, n) for key, n in kept.items()],
        "run": [(name, _text(str(value))) for name, value in run.items()],
        # to the letter: blanks or a key twice may tell more
        "parameters": [(name, _text(json.dumps(x))) for name, x in raw["parameters"].items()],
        "scripts": [(line["name"], line["sha256"]) for line in raw["scripts"]],
        "lists": lists,
    }


def _line(key: tuple[str, ...], file: FileLine) -> tuple[Any, ...]:
    return (*map(_text, key), file.rows, file.bytes, file.sha256)


def _text(value: Any) -> Any:
    """A value as the audit has it: names are others' choice, and put on one line."""
    return shown(value) if isinstance(value, str) else value


def check_publishable(
    cells: Cells, statement: Statement, reports: Sequence[ShardReport], notes: Notes
) -> None:
    """Is OUT said to be publishable just where no list removed a row, or all are covered?

    An edition of a script of its own may name listed rows by any reason: there, that rows left
    and that lists found some is enough. `reports` are those of all shards where the lists are
    those of the run, else none: then only what the audit tells can be held against it.
    """
    stated, why = statement.raw.get("publishable"), statement.raw.get("why")
    if not isinstance(stated, bool) or not isinstance(why, str) or not why.strip():
        notes.find("6", MANIFEST, "does not say whether OUT may be published, and why")
        return
    state = why_stated(statement.raw)
    counts: Counter[tuple[Any, ...]] = Counter()
    for report in reports:
        counts += report.counts
    found: list[Any] = [r for r in cells["removals"] if r["gross"] and r["reason_kind"] != "rule"]
    found += [key for key in counts if key[0] == "removals" and key[2] != "rule"]
    own = {e.name for e in statement.editions if not e.builtin}
    lost = [r for r in cells["unions"] if r["edition"] in own and r["removed"]]
    hit = [*cells["hits"], *(key for key in counts if key[0] == "hits")]
    if stated and state != "covered" and (found or (lost and hit)):
        notes.find("4", MANIFEST, "says that OUT may be published, but lists removed rows")
    left = any(r["removed"] for r in cells["unions"])
    if state == "back" and (found or (lost and hit)):
        notes.find("4", MANIFEST, "says that lists removed no row, but they did")
    if state == "back":
        return
    if not stated and not found and not (lost and hit) and (reports or not left):
        notes.find("6", MANIFEST, "says that OUT may not be published, but no list removed a row")
