"""Find a SQL script, read its header, fingerprint it. Standard library only.

A script is plain DuckDB SQL with a header that machines read and tests hold against
the SQL below it:

    -- name:    list_hits
    -- purpose: The rows that a list names.
    -- params:  $unsafe_above  double  score above which a row leaves
    -- reads:   row_keys  (shard_no integer, digest varchar)
    -- writes:  list_hits (shard_no integer, list_id integer)
    -- nulls:   a null digest matches nothing
    -- order:   none

Edition scripts add `parent`, `labels` and their defaults (`default: $name value`).
A folder `sql/vN` is a complete set. `SHA256SUMS` in it, written at release in the format
of `sha256sum`, freezes every byte: a script that differs from it is refused.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from relaion.errors import ScriptError
from relaion.paths import shown

VERSION = "v1"
BUILT_IN = ("research", "research-safe")  # editions
_FIELD = re.compile(r"^-- ([a-z]+):\s*(.*?)\s*$")
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_PARAM = re.compile(r"^\$([a-z][a-z0-9_]*)\s+(\S+)\s+(.*)$")
_RELATION = re.compile(r"^((?:(?:store|earlier)\.)?[a-z][a-z0-9_]*)\s*(?:\((.*)\))?$")
_SUM = re.compile(r"^([0-9a-f]{64})  (\S+)$")


@dataclass(frozen=True)
class Script:
    """One SQL file: its text, its header and the digest of its bytes."""

    path: Path
    sql: str
    sha256: str
    name: str
    purpose: str
    fields: tuple[tuple[str, str], ...]

    def values(self, field: str) -> list[str]:
        """All values of a header field, in order; empty when it does not occur."""
        return [text for key, text in self.fields if key == field]

    @property
    def params(self) -> dict[str, str]:
        """Declared parameters: name without `$` to SQL type."""
        found = (_PARAM.match(text) for text in self.values("params"))
        return {m[1]: m[2] for m in found if m}

    def relations(self, field: str) -> dict[str, str]:
        """`reads` or `writes`: relation name to its declared columns ('' when left open)."""
        found = (_RELATION.match(text) for text in self.values(field))
        return {m[1]: m[2] or "" for m in found if m}


def sql_root() -> Path:
    """The folder that holds `v1/`: inside the wheel, else beside the package (a checkout)."""
    here = Path(__file__).resolve().parent
    # a checkout comes first: an editable install may leave a stale copy in site-packages
    for root in (here.parent / "sql", here / "_sql"):
        if (root / VERSION).is_dir():
            return root
    raise ScriptError(f"{here}: the SQL scripts are missing; install relaion again")


def versions() -> list[str]:
    """The script sets that this installation holds, oldest first."""
    return sorted(p.name for p in sql_root().iterdir() if re.fullmatch(r"v[0-9]+", p.name))


def parse(path: Path) -> Script:
    """Read one script; raises ScriptError with `file:line` when its header is malformed."""
    where = shown(path)
    try:
        raw = path.read_bytes()
        sql = raw.decode("utf-8")
    except OSError as e:
        raise ScriptError(f"{where}: cannot be read ({e.strerror}); check the path") from None
    except UnicodeDecodeError:
        raise ScriptError(f"{where}: is not UTF-8 text; save it as UTF-8") from None
    fields: list[tuple[str, str]] = []
    for number, line in enumerate(sql.splitlines(), 1):
        found = _FIELD.match(line)
        if not found:
            break
        key, text = found[1], found[2]
        if key == "params" and text != "none" and not _PARAM.match(text):
            raise ScriptError(f"{where}:{number}: write `-- params: $name type meaning`")
        if key in ("reads", "writes") and not _RELATION.match(text):
            raise ScriptError(f"{where}:{number}: write `-- {key}: relation (column type, ...)`")
        fields.append((key, text))
    first = dict(reversed(fields))
    if not _NAME.match(first.get("name", "")) or not first.get("purpose"):
        raise ScriptError(f"{where}:1: no header; a script opens with `-- name:` and `-- purpose:`")
    return Script(
        path, sql, hashlib.sha256(raw).hexdigest(), first["name"], first["purpose"], tuple(fields)
    )


def _frozen(folder: Path) -> dict[str, str]:
    sums = folder / "SHA256SUMS"
    if not sums.exists():
        return {}
    found = [_SUM.match(line) for line in sums.read_text(encoding="ascii").splitlines()]
    return {m[2]: m[1] for m in found if m}


def check(version: str = VERSION) -> None:
    """Compare a released set with its SHA256SUMS; raises ScriptError naming the first file.

    A set without SHA256SUMS is not released and may still change.
    """
    folder = sql_root() / version
    if not folder.is_dir():
        held = ", ".join(versions())
        raise ScriptError(f"{version}: no such SQL version; this installation has {held}")
    frozen = _frozen(folder)
    for path in sorted(folder.rglob("*.sql")) if frozen else ():
        name = path.relative_to(folder).as_posix()
        if name not in frozen:
            raise ScriptError(
                f"sql/{version}/{name}: is not part of release {version}; remove it, or name its "
                "path with --edition"
            )
    for name, expected in frozen.items():
        path = folder / name
        found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
        if found != expected:
            raise ScriptError(
                f"sql/{version}/{name}: differs from release {version} (expected "
                f"{expected[:12]}…, found {found[:12]}…); restore the file or install relaion again"
            )


@cache
def load(version: str = VERSION) -> dict[str, Script]:
    """All scripts of a version by path without suffix (`30_list_hits`, `editions/research`).

    The set is checked against its SHA256SUMS first. Keys come sorted.
    """
    check(version)
    folder = sql_root() / version
    return {
        path.relative_to(folder).with_suffix("").as_posix(): parse(path)
        for path in sorted(folder.rglob("*.sql"))
    }


@cache
def queries(folder: str = "") -> dict[str, Script]:
    """The cookbook: questions to an audit by name, one query a file, `reads` what it needs.

    Those of the folder `DATA` ask the shards themselves, before cleaning.
    """
    found = sorted((sql_root() / "queries" / folder).glob("*.sql"))
    return {script.name: script for script in map(parse, found)}


DATA = "data"


def cookbook(tables: Collection[str]) -> dict[str, Script]:
    """The questions that can be asked of these tables: of shards, or of an audit."""
    return queries(DATA if "shard" in tables else "")


def named(name: str, version: str = VERSION) -> Script:
    """The script called `name` in its header; ScriptError when the set has none."""
    for script in load(version).values():
        if script.name == name:
            return script
    raise ScriptError(f"{name}: no such script in sql/{version}; `relaion scripts` lists them")


_ORDER = (
    "| for | run | in |",
    "|---|---|---|",
    "| a connection that searches, once | 05, 08, 09 | `relaion/run/find_task.py` |",
    "| the sidecars, first of all | 04, 10, 19, 12 | `relaion/run/sidecar_keys.py` |",
    "| a batch of shards, against the lists "
    "| 14, 15, 18 to 20, with hashed links 07, 22, 23, then 24, 30, 31 "
    "| `relaion/run/find_task.py` |",
    "| the links of the rows found | 32, 19, 20, 33 | `relaion/run/find_task.py` |",
    "| a batch, for other rows with these links | 13, 34, 15, 18 to 20, 35 "
    "| `relaion/run/find_task.py` |",
    "| the counts of all | 36 | `relaion/run/find_task.py` |",
    "| a batch, with cover: its sites, what they are like | 38, 42, with keywords 39, then 43, 44 "
    "| `relaion/run/cover_task.py` |",
    "| hosts, and directories of them, too large for one site (44 again for what is in these) | 46 "
    "| `relaion/run/cover_task.py` |",
    "| the choice of all, 48 for each level | 47, 56, 91, 48, 57, 66 "
    "| `relaion/run/cover_task.py` |",
    "| a batch, for the rows of these sites and their links "
    "| 43, 49, 67, 32, 19, 20, 33, 68, 18 to 20, 33, 59, with sidecars 62 "
    "| `relaion/run/cover_task.py` |",
    "| the sidecars, for images of these rows, and other rows with them "
    "| 13, 34, 15, 19, 20, 35, 58, 59, 53, 61, 32, 19, 20, 33, 62 | `relaion/run/cover_task.py` |",
    "| a batch, for rows that share a link or an image with them "
    "| 13, 34, 15, 18 to 20, 35, with sidecars 58, then 53 "
    "| `relaion/run/cover_task.py` |",
    "| what joins listed sites | 69 | `relaion/run/cover_task.py` |",
    "| what leaves as cover | 54 | `relaion/run/cover_task.py` |",
    "| a connection that decides, once | with keywords 38, 39 | `relaion/run/decide.py` |",
    "| a batch, which of its rows leave | 40, with keywords 41, then 45, editions, 50 to 52, 55, "
    "64 | `relaion/run/decide.py` |",
    "| a sample of links, against the sidecars | 04, 37 | `relaion/run/sidecar_keys.py` |",
    "| the audit, at the end | 60, 65 | `relaion/run/audit_file.py` |",
)


def index(version: str = VERSION) -> str:
    """The text of `sql/README.md`: every script with its purpose, what it reads and writes."""
    lines = [
        "<!-- generated from the headers by `poe docs`; edit those -->",
        "# The SQL that decides",
        "",
        "Plain DuckDB SQL decides which rows leave. Python does the rest:",
        "",
        "- it finds files, sets the parameters, and writes;",
        "- it makes views of the shards (`shard`, `row_links`, `row_digests`, `row_no_digests`,",
        "  `row_values`) and of the lists (`listed_entries`, `near_entries`);",
        "- it fills the tables `odd_keys`, `inner_links`, `spelled` and `row_hashes` with what",
        "  SQL cannot find out about a link.",
        "",
        "To run a script in the DuckDB shell, set its parameters (`set variable NAME = VALUE`)",
        "and load what it reads.",
        "",
        "An edition of your own sees these views, one shard at a time, and `source` with every",
        "column. `relaion scripts --check mine.sql PATH` tries it without a row, and says what",
        "it reads. `relaion scripts --by-hand PATH --lists FILE --into DIR` writes all that is",
        "run, in its order and with its parameters, as one file for the shell.",
        "",
        "The numbers are for reading. Some scripts run again for other links, so this is the",
        "order:",
        "",
        *_ORDER,
        "",
        "| script | purpose | reads | writes |",
        "|---|---|---|---|",
    ]
    for name, script in load(version).items():
        reads = ", ".join(f"`{r}`" for r in script.relations("reads"))
        writes = ", ".join(f"`{w}`" for w in script.relations("writes"))
        link = f"[{name}]({version}/{name}.sql)"
        lines.append(f"| {link} | {script.purpose} | {reads} | {writes} |")
    lines += [
        "",
        "04 runs once on a connection, and only where a digest is not plain hexadecimal or bytes,",
        "or not looked at beforehand (as those of sidecars): plain ones are read without it.",
        "Where 50,000 rows or fewer meet 200,000 entries or more, 29 runs before 30.",
        "",
        "An update goes on from a finished run. The shards that its new lists touch are counted",
        "twice, with these lists and without (36 and 45 to 55 again). From this and the audit",
        "before, 63 makes what 60 and 65 write.",
        "",
        "If listed sites are joined, 43 and 90 run for each batch; with sidecars 97, too, and 98",
        "for these. Then the choice is made again, with 92 to 96 before 48",
        "(`relaion/run/cover_task.py`): 93 for each knot of a group; for each level 94, 95 for",
        "each further knot, and 96 until it seats no team. All that comes after the choice runs",
        "again, too.",
        "",
        "`fast/` decides nothing. Its scripts only save work. They pass on the links that could",
        "be on a list, by cheap tests, and set apart those that SQL cannot judge. No list names",
        "what they leave out: `05_link_macros`, `07_spelling_macros` and `08_inner_macros` say",
        "why, and tests/test_links_prefilters.py tests it with hostile links.",
        "",
        "`apply/` decides which rows of a copy stay, compared with a published edition or a",
        "diff. On each connection the macros 05, 08 and 09 come first. The order, by",
        "module:",
        "",
        "- `relaion/labs/fates.py` runs 70 for each batch of the copy. With an edition: 70 and",
        "  71 for each batch of the edition; 72, 19, 20 and 73 for what is left of the copy; 16;",
        "  17 or 89, 79, 15, 19, 20, 73 and 75 for each batch of the edition; then 76. With a",
        "  diff: 72, 19, 20, 74 and 77. Where there are samples: 78.",
        "- `relaion/labs/diffing.py` makes a diff. It runs 70 and 80 for each batch of the old",
        "  set, 70 and 71 of the new one, and 81; then 90, 72, 19, 20, 73 and 74 of what left;",
        "  16; 17 or 89, 79, 15, 19, 20, 73 and 75 of the new set; 82. If rows have no identity:",
        "  70, 80, 72, 19, 20, 73 and 87 of the new set.",
        "- `relaion/labs/checking.py` looks as an outsider. It runs 70, 80, 71 and 81 as for a",
        "  diff. For rows without a row hash: 90, 72, 19, 20, 73, 74, 16, 17 or 89, 79, 15, 75",
        "  and 83. Then, with the macros 38 and 42, for each batch of the old set: 72, 19, 20, 74",
        "  and 77 for each earlier diff, 43 and 84. Then 43 and 85 for each batch of the edition,",
        "  and 86.",
        "",
        "`lists/` makes the list store, takes deliveries in and brings lists up to date. It",
        "decides nothing about rows. [`decisions/`](decisions) has decisions and their reasons.",
        "",
        "`queries/` asks a finished audit: `relaion sql OUT`, or any DuckDB shell on",
        "`OUT/audit.duckdb`. [Read an audit](queries/README.md) explains it. `.run NAME` asks",
        "one of these by name. Every number of `relaion report` is the answer of one of these:",
        "",
        *_table_of(queries(), "queries"),
        "",
        "An audit holds no link, host, caption or language, by design, so it cannot say which",
        "hosts lost rows, or how often a link stands. What can be asked of the data as a whole is",
        "asked of the shards before cleaning (`relaion sql PATH`, `relaion.open_data(PATH)`), in",
        "the view `shard`. Both are never asked together: one anti join would show the listed",
        "rows.",
        "",
        *_table_of(queries(DATA), f"queries/{DATA}"),
    ]
    return "\n".join(lines) + "\n"


def _table_of(found: Mapping[str, Script], folder: str) -> Iterator[str]:
    yield from ("| query | what it answers | reads |", "|---|---|---|")
    for name, script in found.items():
        reads = ", ".join(f"`{r}`" for r in script.relations("reads"))
        yield f"| [{name}]({folder}/{name}.sql) | {script.purpose} | {reads} |"
