"""A small data set, a list store, and the OUT that a run should make of them, by the oracle.

Tests change one thing in it, state the change in the manifest and the audit (`restate`), so
that only a look at the rows can find it, and ask `verify`.
"""

import hashlib
import json
import math
import os
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from relaion.engine import Engine, connect, literal
from relaion.links import KEY_VERSION, host_digest, link_key
from relaion.lists.database import STORE_VERSION
from relaion.lists.key import create, hmac_digest, key_path
from relaion.parquet.looked_at import Asked, NotLookedAt, not_looked_at
from relaion.parquet.read_shard import read_shard
from relaion.paths import ShardPath
from relaion.sqlset import load
from relaion.verifier import model
from relaion.verifier.audit_tables import TABLES
from relaion.verifier.manifest import WHY, run_id
from relaion.verifier.shared_rows import told_pairs
from tests import oracle
from tests.one_duckdb import filling
from tests.oracle import RESEARCH, SAFE, Listing, Setting

SUBSETS = ("alpha", "beta")
SHARDS = ("part-0.parquet", "part-1.parquet")
SCHEMA = pa.schema(
    [
        pa.field("url", pa.string()),
        pa.field("similarity", pa.float64()),
        pa.field("punsafe", pa.float32()),
        pa.field("caption", pa.string()),
        pa.field("md5", pa.string()),
        pa.field("sha1", pa.string()),
        pa.field("boxes", pa.list_(pa.list_(pa.float64()))),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("taken", pa.timestamp("us")),
        pa.field("hash", pa.int64()),
    ],
    metadata={b"origin": b"example", b"pandas": b"{}"},
)
ROLES = {"caption": "text", "md5": "image_md5", "sha1": "image_sha1", "hash": "row_hash"}
CODECS = {"url": "zstd", "caption": "snappy"}
# every plain link that a list here may hold; a store keeps the digests of their hosts
PLAIN_LINKS: tuple[str | bytes, ...] = (
    "https://listed.example/x.jpg", "https://a.example/1", b"https://a.example/\xff",
)  # fmt: skip
SCOPES = (("host", "*.host.example"), ("url_prefix", "pre.example/dir"))
# further hosts and prefixes that a list here may hold
MORE_SCOPES = (("host", "*.a.example"), ("host", "c.example"), ("url_prefix", "c.example/3"))
KEYWORDS = ("harbour", "кот", "海")


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()


def sidecars() -> tuple[oracle.Sidecar, ...]:
    """Image hashes that lie apart, by link and by row hash, among some that name no row."""
    by_link = (
        {"url": "http://www.side.example/1.jpg#x", "image_md5": md5("listed a").upper()},
        {"url": "https://host1.example/p/1.jpg", "image_md5": md5("harmless")},
        {"url": None, "image_md5": md5("listed a")},
        {"url": "https://nowhere.example/", "image_md5": md5("listed b")},
    )
    by_hash = (
        {"row_hash": -815, "image_md5": None, "image_sha1": sha1("listed c")},
        {"row_hash": 3000, "image_md5": md5("harmless"), "image_sha1": None},
        {"row_hash": None, "image_md5": md5("listed a"), "image_sha1": None},
    )
    by_both = (
        {"url": None, "row_hash": -816, "image_md5": md5("listed a")},
        {"url": "s3://mirror/1.jpg", "row_hash": 6000, "image_md5": md5("harmless")},
    )
    return (
        oracle.Sidecar(("url",), by_link),
        oracle.Sidecar(("row_hash",), by_hash),
        oracle.Sidecar(("url", "row_hash"), by_both),
    )


def row(i: int, **values: Any) -> dict[str, Any]:
    """A neutral row; every value can be given."""
    plain = {
        "url": f"https://host{i % 5}.example/p/{i}.jpg",
        "similarity": math.nan if i % 7 == 0 else i / 100,
        "punsafe": None if i % 11 == 0 else (i % 40) / 100,
        "caption": f"a picture of number {i}",
        "md5": md5(f"image {i}"),
        "sha1": None,
        "boxes": None if i % 3 else [[i / 3, math.nan], []],
        "width": i,
        "taken": None if i % 4 else 1_700_000_000_000_000 + i,
        "hash": None if i % 3 else 1000 * i,
    }
    return plain | values


def planted(start: int) -> list[dict[str, Any]]:
    """Rows that something names, among neutral ones."""
    rows = [row(start + i) for i in range(60)]
    changes: dict[int, dict[str, Any]] = {
        # found by another spelling, by a link inside, by host, by prefix, by row hash
        1: {"url": "https://spelled.example/S.jpg"},
        2: {"url": "https://i0.wp.com/listed.example/x.jpg"},
        3: {"url": "https://proxy.example/?u=https://raw.example/r.jpg"},
        4: {"url": "http://img.host.example/1.jpg"},
        6: {"url": "https://www.pre.example/dir/sub/1.jpg?x"},
        7: {"hash": -4711},
        9: {"url": "https://hash.example/", "caption": "computed", "hash": None},
        # found in a sidecar, by link and by row hash
        10: {"url": "https://side.example/1.jpg"},
        12: {"hash": -815},
        43: {"hash": -816},  # of a sidecar with both, whose row has no link
        # a proxy of a link that another row passes on, and one of a listed host
        13: {"url": "https://i0.wp.com/same.example/s.jpg"},
        15: {"url": "https://i0.wp.com/host.example/s.jpg"},
        # a list that wants links as they stand: the second one is another spelling
        16: {"url": "https://form.example/1.jpg"},
        18: {"url": "http://form.example/1.jpg"},
        # next to what is listed
        19: {"url": "https://pre.example/dirty/1.jpg"},
        21: {"url": "https://ghost.example/1.jpg"},
        22: {"url": "https://hash.example/", "caption": "computed", "hash": 5},
        24: {"url": "https://nowhere.example/p?u=https://listed.example/y.jpg"},
        5: {"md5": md5("listed a").upper()},  # on two lists
        8: {"md5": md5("listed b"), "url": None},
        11: {"sha1": sha1("listed c"), "md5": None},
        14: {"url": "http://www.Listed.example:80/x.jpg#top"},
        17: {"url": "https://raw.example/r.jpg"},
        20: {"url": "https://same.example/s.jpg", "md5": md5("listed d")},
        23: {"url": "HTTP://same.example/s.jpg"},  # another row with that link
        26: {"punsafe": 0.99, "caption": "the HARBOUR at night"},
        29: {"punsafe": 0.99, "caption": "unharboured"},
        32: {"punsafe": 0.5},
        35: {"punsafe": math.nan},
        38: {"md5": md5("other list")},
        41: {"punsafe": 0.97, "caption": "мой Кот!"},
        44: {"punsafe": 0.99, "caption": "大海边", "md5": md5("listed a")},
        47: {"url": "https://same.example/other.jpg"},
        50: {"url": "not a link at all", "caption": None, "punsafe": 0.99},
        53: {"punsafe": 0.45},
        # three rows with one link, two of them on two lists; and one that is hit elsewhere
        54: {"url": "https://two.example/t.jpg", "md5": md5("listed b")},
        55: {"url": "https://two.example/t.jpg", "md5": md5("listed d")},
        56: {"url": "https://two.example/t.jpg"},
        57: {
            "url": "https://cross.example/c.jpg",
            "md5": md5({0: "listed b", 1000: "listed d"}.get(start, f"image {start}")),
        },
    }
    for i, values in changes.items():
        rows[i] = row(start + i, **values)
    return rows


def computed() -> int:
    """The row hash of a row that has none of its own."""
    number = oracle.row_hash({"url": "https://hash.example/", "text": "computed"})
    assert number is not None
    return number


def lists() -> list[Listing]:
    """Six lists; one has a label that no edition asks for, one is compared in one form only."""
    return [
        Listing(1, "csam", frozenset({("image_md5", md5("listed a")),
                                      ("image_md5", md5("listed b")),
                                      ("image_sha1", sha1("listed c")),
                                      oracle.url_entry("https://listed.example/x.jpg")})),
        Listing(2, "privacy", frozenset({("image_md5", md5("listed a")),
                                         ("image_md5", md5("listed d")),
                                         ("url_md5", md5("https://raw.example/r.jpg")),
                                         ("image_md5", md5("nowhere"))}), "other partner"),
        Listing(4, "csam", frozenset({("url_md5", md5("http://spelled.example/S.jpg")),
                                      ("url_sha1", sha1("https://spelled.example/S.jpg")),
                                      ("row_hash", f"{-4711 % 2**64:016x}"),
                                      oracle.hash_entry(computed())})),
        Listing(5, "opt-out", frozenset(oracle.scope_entry(*scope) for scope in SCOPES)),
        Listing(6, "csam", frozenset({("url_md5", md5("https://form.example/1.jpg"))}),
                forms=("raw",)),
        Listing(3, "watch", frozenset({("image_md5", md5("other list"))}), "third"),
    ]  # fmt: skip


# the audit's tables, and their columns with types and comments
AUDIT = {table: tuple(columns) for table, (_, columns) in TABLES.items()}
ARROW = {
    "varchar": pa.string(), "boolean": pa.bool_(), "integer": pa.int32(), "bigint": pa.int64(),
    "double": pa.float64(),
}  # fmt: skip


# tables that tell of the files themselves; the others of a world stay as they are when one changes
OF_FILES = ("inputs", "outputs", "unions", "run", "steps")
# what the others held in the first audit that was written, and an audit with nothing but that
_filled: dict[str, list[tuple[Any, ...]]] = {}
_bases: list[bytes] = []


@dataclass
class World:
    """Where everything lies, and what it was made from; `before`: the run that it goes on from."""

    top: Path
    lists: Sequence[Listing] = field(default_factory=lists)
    setting: Setting = field(
        default_factory=lambda: Setting(keywords=KEYWORDS, sidecars=sidecars())
    )
    editions: Sequence[oracle.Edition] = (RESEARCH, SAFE)
    own: frozenset[str] = frozenset()
    shards: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    schema: pa.Schema = SCHEMA
    raw_urls: bool = False
    before: "World | None" = None
    kept: dict[tuple[str, str, str], list[bool]] = field(default_factory=dict)
    steps: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.top / "data"

    @property
    def out(self) -> Path:
        return self.top / "out"

    @property
    def store(self) -> Path:
        return self.top / "lists.duckdb"

    @property
    def keywords(self) -> Path:
        return self.top / "keywords.txt"

    def sidecar(self, i: int) -> Path:
        return self.top / "apart" / f"sidecar-{i}.parquet"

    def source(self, subset: str = "alpha", shard: str = "part-0.parquet") -> Path:
        return self.data / subset / shard

    def output(
        self, edition: str = "research", subset: str = "alpha", shard: str = "part-0.parquet"
    ) -> Path:
        return self.out / edition / subset / shard

    def arguments(self) -> dict[str, Any]:
        """What `verify` is given for a full check."""
        has_words = self.setting.keywords is not None
        return {
            "inputs": [self.data],
            "lists": self.store,
            "keywords": self.keywords if has_words else None,
            "sidecars": [self.sidecar(i) for i, _ in enumerate(self.setting.sidecars)],
        }

    def make(self) -> "World":
        """Write everything."""
        if not self.shards:
            pairs = [(subset, shard) for subset in SUBSETS for shard in SHARDS]
            self.shards = {p: planted(1000 * i) for i, p in enumerate(pairs)}
            self.shards["beta", "part-1.parquet"] = [row(9000 + i) for i in range(30)]
        self.top.mkdir(parents=True, exist_ok=True)
        words = "\n".join(["# words", "", *(self.setting.keywords or ())])
        self.keywords.write_text("\ufeff" + words + "\n", encoding="utf-8")
        make_store(self.store, self.lists)
        for i, sidecar in enumerate(self.setting.sidecars):
            self._write_sidecar(i, sidecar)
        flat = [r for rows in self.shards.values() for r in rows]
        named = oracle.reasons([roles(r) for r in flat], self.lists, self.setting)
        tables, start = {}, 0
        for (subset, shard), rows in self.shards.items():
            write(self.source(subset, shard), self._table(rows))
            tables[subset, shard] = named[start : start + len(rows)]
            start += len(rows)
        self._write_outputs(tables)
        self._count(tables)
        self.restate()
        return self

    def _table(self, rows: list[dict[str, Any]]) -> pa.Table:
        """Rows as a table; with `raw_urls` their links are bytes, which need be no UTF-8."""
        if not self.raw_urls:
            return pa.Table.from_pylist(rows, self.schema)
        links = pa.array([r["url"] for r in rows], pa.binary()).view(pa.string())
        table = pa.Table.from_pylist([r | {"url": None} for r in rows], self.schema)
        return table.set_column(0, self.schema.field(0), links)

    def _write_sidecar(self, i: int, sidecar: oracle.Sidecar) -> None:
        kinds = {"url": pa.string(), "row_hash": pa.int64()}
        names = {"row_hash": "hash", "image_md5": "md5", "image_sha1": "sha1"}
        columns = {
            names.get(role, role): pa.array(
                [row[role] for row in sidecar.rows], kinds.get(role, pa.string())
            )
            for role in sidecar.rows[0]
            if role in (*sidecar.keys, *oracle.IMAGE_KINDS)
        }
        self.sidecar(i).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), self.sidecar(i))

    def _write_outputs(self, named: dict[tuple[str, str], list[set[oracle.Reason]]]) -> None:
        for edition in self.editions:
            for (subset, shard), some in named.items():
                kept = oracle.kept(some, edition, self.lists)
                if (
                    self.before
                    and self.before.shards.get((subset, shard)) == self.shards[subset, shard]
                ):
                    then = self.before.kept[edition.name, subset, shard]
                    kept = [a and b for a, b in zip(kept, then, strict=True)]
                self.kept[edition.name, subset, shard] = kept
                target = self.output(edition.name, subset, shard)
                table = self._table(self.shards[subset, shard])
                if all(kept):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    os.link(self.source(subset, shard), target)
                else:
                    write(target, table.filter(pa.array(kept, pa.bool_())))

    def _count(self, named: dict[tuple[str, str], list[set[oracle.Reason]]]) -> None:
        """The audit's counts by the oracle, lines by table."""
        counts: dict[str, list[tuple[Any, ...]]] = {table: [] for table in AUDIT}
        labels = {x.list_id: x.label for x in self.lists}
        for subset in dict.fromkeys(s for s, _ in named):
            ours = [r for (s, _), some in named.items() if s == subset for r in some]
            rows = [roles(r) for (s, _), some in self.shards.items() if s == subset for r in some]
            for via, numbers in oracle.coverage(rows).items():
                counts["coverage"].append((subset, *via, *numbers, False, None))
            for bounds, held in oracle.scores(rows).items():
                counts["scores"].append((subset, *bounds, held))
            n = min(len(rows), 20)
            reached = (subset, "image_md5", "sidecar", len(rows), n // 3, True, n)
            counts["coverage"].append(reached)
            for line, numbers in model.hits(ours).items():
                counts["hits"].append((subset, *line, *numbers))
            for group, numbers in oracle.hit_groups(ours, self.lists).items():
                counts["hit_groups"].append((subset, *group, *numbers))
            counts["protocol"] += told_in_order(subset, ours)
            for e in self.editions:
                for reason, numbers in oracle.removals(ours, e, self.lists).items():
                    label = labels.get(reason.list_id or 0)
                    line = (*reason[:2], label, *reason[2:])
                    counts["removals"].append((e.name, subset, *line, *numbers))
                for name, numbers in oracle.removal_groups(ours, e, self.lists).items():
                    counts["removal_groups"].append((e.name, subset, *name, *numbers))
        everywhere = [r for some in named.values() for r in some]
        found = {list_id for list_id, kind, _ in model.hits(everywhere) if kind is not None}
        pairs = told_pairs(sorted(found), model.shared_rows(everywhere))
        counts["shared_rows"] = [(*pair, *bounds) for pair, bounds in pairs.items()]
        counts["not_looked_at"] = [
            (x.subset, x.role, x.column, x.reason, x.values) for x in self._left_out()
        ]
        self.counts = counts

    @property
    def idle(self) -> tuple[str, ...]:
        """What is said of the list whose label no edition asks for."""
        return tuple(x.sentence for x in self._left_out() if x.role == "lists")

    def _left_out(self) -> tuple[NotLookedAt, ...]:
        """What a run over these shards does not look at, before a value is read."""
        shards = [
            read_shard(ShardPath(self.source(*key), key[0]), needs_link=False)
            for key in self.shards
        ]
        kinds = {kind for x in self.lists for kind, _ in x.entries}
        rules = {rule for e in self.editions for rule in e.rules}
        beside = {role for s in self.setting.sidecars for role in s.rows[0]}
        idle = {x.label for x in self.lists}.difference(*(e.labels for e in self.editions))
        has_keywords = self.setting.keywords is not None
        return not_looked_at(shards, Asked(kinds, rules, beside, has_keywords, idle))

    def restate(self) -> None:
        """Write the manifest and the audit to fit the files as they are now."""
        self.manifest = self._manifest()
        self.write_manifest()
        self.write_audit()

    @property
    def lineage(self) -> list[dict[str, Any]]:
        """The runs before, as the manifest states them."""
        if self.before is None:
            return []
        stated = self.before.manifest
        data = (self.before.out / "manifest.json").read_bytes()
        step = {
            "run": stated["run"], "finished": stated["finished"],
            "manifest": hashlib.sha256(data).hexdigest(), "kept_out": False,
            "lists": stated["lists"],
        }  # fmt: skip
        return [*self.before.lineage, step]

    def write_manifest(self) -> None:
        """Write the manifest as it stands now, in the way of `clean`."""
        self.manifest["run"] = run_id(self.manifest)
        text = json.dumps(self.manifest, indent=1) + "\n"
        (self.out / "manifest.json").write_text(text, encoding="ascii")

    def _manifest(self) -> dict[str, Any]:
        setting, key = self.setting, bytes.fromhex(key_path(self.store).read_text())
        lines = "".join(f"{word}\n" for word in setting.keywords or ())
        words = hashlib.sha256(lines.encode()).hexdigest()
        return {
            "relaion": "0", "duckdb": "0", "pyarrow": "0", "sql_version": "v1",
            "key_version": KEY_VERSION, "run": "",
            "started": "2024-02-22T10:00:00+00:00", "finished": "2024-02-22T10:00:01+00:00",
            "scripts": [
                {"name": f"{name}.sql", "sha256": s.sha256} for name, s in load().items()
            ],
            "parameters": {
                "unscored": setting.unscored,
                "same_link": setting.same_link,
                "inner": setting.inner,
                "good_wins": False,
                "keywords": None
                if setting.keywords is None
                else {"digest": hmac_digest(key, words), "n": len(setting.keywords)},
                "columns": {},
                "unsafe_above": setting.unsafe_above,
                "keyword_above": setting.keyword_above,
                "cover": 0,
                "cover_site_rows": None,
            },
            "editions": [
                {
                    "name": e.name, "parent": e.parent, "labels": list(e.labels),
                    "rules": list(e.rules), "script": f"{e.name.replace('-', '_')}.sql",
                    "sha256": load()[f"editions/{e.name.replace('-', '_')}"].sha256
                    if e.name not in self.own else "01" * 32,
                    "builtin": e.name not in self.own,
                }
                for e in self.editions
            ],
            "lists": [
                {
                    "list_id": x.list_id, "source": x.source, "title": f"list {x.list_id}",
                    "label": x.label, "received": "2024-02-22",
                    "digest": hmac_digest(key, content(x)), "role": "bad", "entries": counts(x),
                }
                for x in sorted(self.lists, key=lambda x: x.list_id)
            ],
            "sidecars": [
                {"name": self.sidecar(i).name, **facts(self.sidecar(i))}
                for i, _ in enumerate(setting.sidecars)
            ],
            "inputs": [
                {"subset": subset, "shard": shard, **facts(self.source(subset, shard))}
                for subset, shard in self.shards
            ],
            "outputs": [
                {"edition": e.name, "subset": subset, "shard": shard,
                 **facts(self.output(e.name, subset, shard))}
                for e in self.editions
                for subset, shard in self.shards
            ],
            "audit": "",
            "lineage": self.lineage,
            "cover": None,
            "publishable": not self._lists_removed(),
            "why": WHY["none" if self._lists_removed() else "nothing"],
        }  # fmt: skip

    def _lists_removed(self) -> bool:
        """Whether a row left by way of a list, or of an own script where lists found some."""
        own = [
            (self.output(e, *key), self.source(*key)) for e in self.own for key in self.shards
        ]  # fmt: skip
        lost = any(facts(a)["rows"] < facts(b)["rows"] for a, b in own)
        listed = any(line[2] != "rule" for line in self.counts["removals"])
        return listed or (lost and bool(self.counts["hits"]))

    def write_audit(self, change: Callable[[Engine], None] | None = None) -> None:
        """Write audit.duckdb, change it before it is closed, and have the manifest state it."""
        path = self.out / "audit.duckdb"
        path.unlink(missing_ok=True)
        inputs = [tuple(i.values()) for i in self.manifest["inputs"]]
        outputs = [tuple(o.values()) for o in self.manifest["outputs"]]
        rows_in = {s: sum(i[2] for i in inputs if i[0] == s) for s, _ in self.shards}
        unions = []
        for e in self.editions:
            for s, n in rows_in.items():
                kept = sum(o[3] for o in outputs if o[:2] == (e.name, s))
                unions.append((e.name, s, n, n - kept, kept))
        found = self.counts | {"inputs": inputs, "outputs": outputs, "unions": unions}
        steps = [] if self.before is None else self.before.steps
        number = len(self.manifest["lineage"]) + 1
        self.steps = [*steps, *((number, self.manifest["run"], *line) for line in unions)]
        found["steps"] = self.steps
        found |= self._words()
        # an edit to a table that lies in the file already would leave bytes that belong to none
        filled = {} if change else _filled
        if any(found[table] != rows for table, rows in filled.items()):
            filled = {}
        with filling(path, _bases[0] if filled else no_audit()) as engine:
            _fill(engine, {t: rows for t, rows in found.items() if t not in filled})
            if change is not None:
                change(engine)
        if not _filled and change is None:
            _filled.update({t: deepcopy(r) for t, r in found.items() if t not in OF_FILES})
            with filling(path.with_name("base"), no_audit()) as engine:
                _fill(engine, _filled)
            _bases.append(path.with_name("base").read_bytes())
            path.with_name("base").unlink()
        self.manifest["audit"] = hashlib.sha256(path.read_bytes()).hexdigest()
        self.write_manifest()

    def _words(self) -> dict[str, list[tuple[Any, ...]]]:
        """The audit's tables that repeat the manifest."""
        stated = self.manifest
        run = {
            name: stated[name] for name in ("run", "sql_version", "relaion", "duckdb", "pyarrow")
        }
        run["link_key"] = str(stated["key_version"])
        names = ("list_id", "source", "title", "label", "received", "digest")
        return {
            "run": list(run.items()),
            "parameters": [(k, json.dumps(v)) for k, v in stated["parameters"].items()],
            "scripts": [(s["name"], s["sha256"]) for s in stated["scripts"]],
            "lists": [
                (*(x[name] for name in names), kind, n, x["role"], step)
                for x, step in _first_and_last([*stated["lineage"], stated])
                for kind, n in x["entries"].items()
            ],
        }

    def change(self, path: Path, edit: Callable[[pa.Table], pa.Table], **options: Any) -> None:
        """Rewrite one file after an edit, and state it as it is now."""
        self.rewrite(path, edit, **options)
        self.restate()

    def rewrite(self, path: Path, edit: Callable[[pa.Table], pa.Table], **options: Any) -> None:
        """Rewrite one file after an edit."""
        table = pq.read_table(path)
        # as it was written at first: without the field numbers that pyarrow reads
        table = edit(table.cast(self.schema).replace_schema_metadata(self.schema.metadata))
        path.unlink()  # a hard link to an input must not be written through
        write(path, table, **options)


def _first_and_last(steps: list[dict[str, Any]]) -> list[tuple[dict[str, Any], int]]:
    """Each list as the last step that had it states it, and the number of the first one."""
    lines = [(x["list_id"], x, n) for n, step in enumerate(steps, 1) for x in step["lists"]]
    last = {list_id: x for list_id, x, _ in lines}
    return [(x, min(n for i, _, n in lines if i == list_id)) for list_id, x in last.items()]


def told_in_order(subset: str, named: list[set[oracle.Reason]]) -> list[tuple[Any, ...]]:
    """The audit's lines of `protocol`; all lists of a world came on one day."""
    pairs = [sorted({r[1:3] for r in some if r.reason_kind == "list"}) for some in named]
    lines, so_far = [], 0
    for place, line in enumerate(sorted({pair for some in pairs for pair in some}), 1):
        new = sum(some[:1] == [line] for some in pairs)
        so_far += new
        lines.append((subset, place, *line, sum(line in some for some in pairs), new, so_far))
    return lines


def roles(values: dict[str, Any]) -> dict[str, Any]:
    """A row as the oracle wants it; scores as float32 stores them."""
    found = {ROLES.get(name, name): value for name, value in values.items()}
    if found.get("punsafe") is not None:
        found["punsafe"] = pa.scalar(found["punsafe"], pa.float32()).as_py()
    return found


def write(path: Path, table: pa.Table, **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    codecs = {name: codec for name, codec in CODECS.items() if name in table.schema.names}
    plain: dict[str, Any] = {"compression": codecs or "snappy", "row_group_size": 40}
    pq.write_table(table, path, **(plain | options))


def facts(path: Path) -> dict[str, Any]:
    raw = path.read_bytes() if path.exists() else b""
    try:
        rows = pq.read_metadata(path).num_rows
    except (OSError, ValueError):
        rows = 0
    return {"rows": rows, "bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}


def content(x: Listing) -> str:
    return hashlib.sha256(repr((sorted(x.entries), x.forms)).encode()).hexdigest()


def counts(x: Listing) -> dict[str, int]:
    kinds = sorted(kind for kind, _ in x.entries)
    return {kind: kinds.count(kind) for kind in kinds}


def _fill(engine: Engine, found: dict[str, list[tuple[Any, ...]]]) -> None:
    for table, rows in found.items():
        columns = TABLES[table][1]
        arrays = [
            pa.array([row[i] for row in rows], ARROW[kind.lower()])
            for i, (kind, _) in enumerate(columns.values())
        ]
        engine.insert(table, pa.table(arrays, names=list(columns)))


@cache
def no_audit() -> bytes:
    """An audit without a line."""

    def make(engine: Engine) -> None:
        for table, (comment, columns) in TABLES.items():
            declared = ", ".join(f"{name} {kind}" for name, (kind, _) in columns.items())
            engine.execute(f"create table {table} ({declared})")
            engine.execute(f"comment on table {table} is {literal(comment)}")
            for name, (_, said) in columns.items():
                engine.execute(f"comment on column {table}.{name} is {literal(said)}")

    return database(make)


@cache
def no_lists() -> bytes:
    """A store without a list."""
    script = load("lists")["10_store"]
    values = {"store_version": STORE_VERSION, "key_version": KEY_VERSION}
    return database(lambda engine: engine.run(script, **values))


def database(make: Callable[[Engine], None]) -> bytes:
    """The file of a database, which is called `store` while it is made."""
    with TemporaryDirectory() as folder, connect() as engine:
        path = Path(folder) / "store.duckdb"
        engine.attach(path, "store", read_only=False)
        engine.execute("use store")
        make(engine)
        engine.execute("use memory")
        engine.execute("detach store")
        return path.read_bytes()


def make_store(path: Path, lists: Sequence[Listing]) -> None:
    """A list store as `lists add` leaves it."""
    hosts = {oracle.url_entry(link)[1]: host_digest(link_key(link)) for link in PLAIN_LINKS}
    for scope in (*SCOPES, *MORE_SCOPES):
        hosts[oracle.scope_entry(*scope)[1]] = host_digest(scope[1].removeprefix("*."))
    path.unlink(missing_ok=True)
    with filling(path, no_lists()) as engine:
        for x in lists:
            engine.execute(
                "insert into lists (list_id, source, title, label, received, added, "
                "content_sha256, n_read, n_new, n_known, n_duplicate, forms) "
                "values (?, ?, ?, ?, '2024-02-22', now(), ?, ?, ?, 0, 0, ?)",
                [x.list_id, x.source, f"list {x.list_id}", x.label, content(x),
                 len(x.entries), len(x.entries), None if x.forms is None else list(x.forms)],
            )  # fmt: skip
            for kind, digest in sorted(x.entries):
                engine.execute(
                    "insert into entries values (?, ?, ?, ?, hash(?), null, null, null)",
                    [x.list_id, kind, digest, hosts.get(digest), digest],
                )
    path.chmod(0o600)
    if not key_path(path).exists():
        create(key_path(path))
