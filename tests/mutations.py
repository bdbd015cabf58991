"""Hundreds of ways to change a finished OUT by a little, each of which `verify` has to find.

A mutation names itself and changes one copy of an OUT. What goes into it is never stated
anew, but for shards, whose digests would tell at once: `restated` ones have the manifest and
the audit fit the changed file, so that only a look into the shard can tell.
"""

import copy
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from relaion.engine import connect, quote
from relaion.parquet.footer import CREATED_BY, GROUPS, KEY_VALUES, MAGIC, read_footer
from relaion.parquet.thrift import BINARY, I64, LIST, STRUCT, write_struct
from relaion.verifier.audit_tables import TABLES
from relaion.verifier.manifest import run_id

Change = Callable[[Path], None]
SHARD = ("research", "alpha", "part-0.parquet")

# what may differ, and why
HARMLESS = {
    "manifest started: another time": "no other place tells when a run was",
    "manifest finished: another time": "no other place tells when a run was",
    "file manifest.json: for its owner only": "who may read OUT is its owner's choice",
    "file research/alpha/part-0.parquet: another name elsewhere": "an update links what it keeps",
    "file manifest.json: another time of writing": "copying a folder changes it",
}


def mutations(manifest: dict[str, Any]) -> dict[str, Change]:
    """All of them, by name."""
    found: dict[str, Change] = {}
    for make in (_of_files, _of_audit, _of_objects, _of_shards):
        found |= dict(make())
    found |= dict(_of_manifest(manifest))
    return found


# -- the manifest --------------------------------------------------------------------------


def _of_manifest(manifest: dict[str, Any]) -> Iterator[tuple[str, Change]]:
    for path, value in _paths(manifest, ()):
        name = "manifest " + (".".join(map(str, path)) or "top")
        if path:
            yield f"{name}: deleted", _edit(path, _delete)
            yield f"{name}: another type", _edit(path, _put([value] if path[-1] != 0 else 7))
        if isinstance(value, dict):
            yield f"{name}: a key more", _edit((*path, "note"), _put("x"))
        elif isinstance(value, list):
            yield f"{name}: an item more", _edit(path, _put([*value, *value[:1], {"note": 1}]))
        elif isinstance(value, bool):
            yield f"{name}: turned over", _edit(path, _put(not value))
        elif isinstance(value, int | float):
            yield f"{name}: another number", _edit(path, _put(value + 1))
            yield f"{name}: below zero", _edit(path, _put(-1 - value))
            yield f"{name}: not a number", _edit(path, _put(float("nan")))
        elif isinstance(value, str):
            yield f"{name}: another text", _edit(path, _put(value + "x"))
    yield "manifest started: another time", _edit(("started",), _put("2020-01-01T00:00:00+00:00"))
    yield "manifest finished: another time", _edit(("finished",), _put("2190-01-01T00:00:00+00:00"))
    yield (
        "manifest finished: before it began",
        _edit(("finished",), _put("2000-01-01T00:00:00+00:00")),
    )
    for key in ("outputs", "inputs", "lists", "editions"):
        yield f"manifest {key}: in another order", _edit((key,), lambda m, k: m[k].reverse())
    yield "manifest editions: a script elsewhere", _edit(("editions", 0, "script"), _put("x.sql"))
    yield "manifest text: a key twice", _rewrite(lambda t: t.replace("{", '{\n "run": "x",', 1))
    yield "manifest text: blanks at the end", _rewrite(lambda t: t + " \n")
    yield "manifest text: other blanks", _rewrite(lambda t: t.replace('": ', '":  ', 1))
    yield "manifest text: escapes", _rewrite(lambda t: t.replace("research", "\\u0072esearch", 1))
    yield "manifest text: cut off", _rewrite(lambda t: t[:-20])
    yield "manifest text: deeply nested", _rewrite(lambda _: "[" * 100_000)


def _paths(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every place of a JSON document, of lists the first item only."""
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _paths(item, (*path, key))
    elif isinstance(value, list) and value:
        yield from _paths(value[0], (*path, 0))


def _edit(path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Change:
    def edit(out: Path) -> None:
        manifest = json.loads((out / "manifest.json").read_text())
        inner = manifest
        for key in path[:-1]:
            inner = inner[key]
        change(inner, path[-1])
        _write(out, manifest)

    return edit


def _put(value: Any) -> Callable[[Any, Any], None]:
    def put(inner: Any, key: Any) -> None:
        inner[key] = copy.deepcopy(value)

    return put


def _delete(inner: Any, key: Any) -> None:
    del inner[key]


def _write(out: Path, manifest: Any) -> None:
    text = json.dumps(manifest, indent=1, ensure_ascii=True) + "\n"
    (out / "manifest.json").write_text(text, encoding="ascii")


def _rewrite(change: Callable[[str], str]) -> Change:
    def rewrite(out: Path) -> None:
        path = out / "manifest.json"
        path.write_text(change(path.read_text()))

    return rewrite


# -- files ---------------------------------------------------------------------------------


def _of_files() -> Iterator[tuple[str, Change]]:
    shard = "/".join(SHARD)
    for name in ("manifest.json", "audit.duckdb", shard):
        yield f"file {name}: deleted", _at(name, lambda path: path.unlink())
        yield f"file {name}: empty", _at(name, lambda path: path.write_bytes(b""))
        yield f"file {name}: a byte more", _at(name, lambda path: _append(path, b"x"))
        yield f"file {name}: a link out of OUT", _linked(name)
        yield f"file {name}: another name elsewhere", _at(name, _also_elsewhere)
        yield f"file {name}: a pipe", _at(name, _pipe)
        yield f"file {name}: a folder", _at(name, _folder)
        yield f"file {name}: for all to write", _at(name, lambda path: path.chmod(0o666))
        yield f"file {name}: a program", _at(name, lambda path: path.chmod(0o755))
        yield f"file {name}: setuid", _at(name, lambda path: path.chmod(0o4644))
        if hasattr(os, "setxattr"):
            yield (
                f"file {name}: an attribute",
                _at(name, lambda path: os.setxattr(path, "user.note", b"x")),
            )
    for name in ("x.txt", ".x", "research/x", "research/alpha/x.parquet", "audit.duckdb.wal"):
        yield f"file {name}: added", _at(name, lambda path: path.write_bytes(b"x"))
        yield f"file {name}: a pipe added", _at(name, os.mkfifo)
        yield f"file {name}: a link added", _at(name, lambda path: path.symlink_to("/nowhere"))
    for name in ("x", "research/x", "research/alpha/x", ".work"):
        yield f"folder {name}: added", _at(name, lambda path: path.mkdir())
        yield f"folder {name}: a link added", _at(name, lambda path: path.symlink_to("/tmp"))
    for name in ("research", "research/alpha"):
        yield f"folder {name}: a link out of OUT", _linked(name)
        yield f"folder {name}: for all to write", _at(name, lambda path: path.chmod(0o777))
    yield "file manifest.json: for its owner only", lambda out: (out / "manifest.json").chmod(0o600)
    yield (
        "file manifest.json: another time of writing",
        lambda out: os.utime(out / "manifest.json", (1, 1)),
    )


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as f:
        f.write(data)


def _at(name: str, change: Callable[[Path], object]) -> Change:
    def change_one(out: Path) -> None:
        change(out / name)

    return change_one


def _also_elsewhere(path: Path) -> None:
    os.link(path, next(p for p in path.parents if p.name == "out").with_name("elsewhere"))


def _linked(name: str) -> Change:
    def link(out: Path) -> None:
        away = out.with_name("away")
        (out / name).rename(away)
        (out / name).symlink_to(away)

    return link


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


# -- the audit -----------------------------------------------------------------------------


def _sql(*statements: str) -> Change:
    """Change the audit, and let the manifest state it as it is then."""

    def change(out: Path) -> None:
        with connect(out / "audit.duckdb") as engine:
            for statement in statements:
                engine.execute(statement)
            engine.execute("checkpoint")
        restate_audit(out)

    return change


def restate_audit(out: Path) -> None:
    """Let the manifest state the audit as it is now."""
    manifest = json.loads((out / "manifest.json").read_text())
    manifest["audit"] = hashlib.sha256((out / "audit.duckdb").read_bytes()).hexdigest()
    _write(out, manifest)


_FILLED = tuple(table for table in TABLES if table != "not_looked_at")


def _of_audit() -> Iterator[tuple[str, Change]]:
    for table, (_, columns) in TABLES.items():
        yield f"audit {table}: dropped", _sql(f"drop table {table}")
        yield f"audit {table}: another comment", _sql(f"comment on table {table} is 'x'")
        yield f"audit {table}: a column more", _sql(f"alter table {table} add column x integer")
        if table in _FILLED:
            yield f"audit {table}: emptied", _sql(f"delete from {table}")
            one = f"(select min(rowid) from {table})"
            yield f"audit {table}: a line less", _sql(f"delete from {table} where rowid = {one}")
            twice = f"insert into {table} from {table} where rowid = {one}"
            yield f"audit {table}: a line twice", _sql(twice)
        for name, (kind, _) in columns.items():
            where, column = f"audit {table}.{name}", f"{table}.{quote(name)}"
            yield f"{where}: another comment", _sql(f"comment on column {column} is 'x'")
            yield f"{where}: dropped", _sql(f"alter table {table} drop column {quote(name)}")
            default = "'x'" if kind == "VARCHAR" else "true" if kind == "BOOLEAN" else "7"
            yield (
                f"{where}: a default",
                _sql(f"alter table {table} alter column {quote(name)} set default {default}"),
            )
            if table not in _FILLED:
                continue
            if kind == "VARCHAR":
                other = "'x'"
            elif kind == "BOOLEAN":
                other = f"not {quote(name)}"
            else:
                other = f"coalesce({quote(name)}, 0) + 1"
                yield f"{where}: below zero", _put_one(table, name, "-1")
                other_type = "float" if kind == "DOUBLE" else "double"
                yield (
                    f"{where}: another type",
                    _sql(f"alter table {table} alter column {quote(name)} type {other_type}"),
                )
            yield f"{where}: another value", _put_one(table, name, other)
            if name not in ("form", "kind", "sampled", "list_id", "label", "rule"):
                yield (
                    f"{where}: nothing",
                    _put_one(table, name, "null", f"{quote(name)} is not null"),
                )
    yield "audit parameters: blanks", _sql("update parameters set setting = setting || ' '")
    yield (
        "audit removals: lines in another order",
        _sql(
            "create or replace temp table r as from removals",
            "delete from removals",
            "insert into removals from r order by gross desc, kind",
        ),
    )


def _put_one(table: str, column: str, value: str, where: str = "true") -> Change:
    one = f"(select min(rowid) from {table} where {where})"
    return _sql(f"update {table} set {quote(column)} = {value} where rowid = {one}")


def _of_objects() -> Iterator[tuple[str, Change]]:
    for what in (
        "table x (url varchar)", "view x as select 1 as n", "macro x() as 1",
        "macro x() as table select 1 as n", "type x as enum ('a')", "sequence x", "schema x",
        "index x on unions (kept)", "schema y; create table y.unions (kept bigint)",
    ):  # fmt: skip
        yield f"audit object: {what}", _sql(*f"create {what}".split("; "))
    yield "audit object: not null", _sql("alter table unions alter column kept set not null")
    yield "audit bytes: a block left free", _sql(
        "create table x as select range as n, md5(range::varchar) as t from range(200_000)",
        "checkpoint", "drop table x",
    )  # fmt: skip


# -- shards ----------------------------------------------------------------------------------


def restate(out: Path, key: tuple[str, str, str]) -> None:
    """Let manifest and audit state a shard as it is now."""
    path = out.joinpath(*key)
    data = path.read_bytes()
    manifest = json.loads((out / "manifest.json").read_text())
    for line in manifest["outputs"]:
        if (line["edition"], line["subset"], line["shard"]) == key:
            line |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            with connect(out / "audit.duckdb") as engine:
                engine.execute(
                    "update outputs set bytes = ?, sha256 = ? "
                    "where edition = ? and subset = ? and shard = ?",
                    [line["bytes"], line["sha256"], *key],
                )
    manifest["run"] = run_id(manifest)
    _write(out, manifest)
    restate_audit(out)


def _shard(change: Callable[[bytes, Any], bytes]) -> Change:
    def mutate(out: Path) -> None:
        path = out.joinpath(*SHARD)
        data = change(path.read_bytes(), read_footer(path))
        path.write_bytes(data)
        restate(out, SHARD)

    return mutate


def _footer(change: Callable[[dict[int, Any], list[Any]], None], extra: bytes = b"") -> Change:
    """The same pages under a changed footer."""

    def edit(data: bytes, footer: Any) -> bytes:
        fields = dict(footer.fields)
        groups = [footer.group(i) for i in range(len(footer.groups))]
        change(fields, groups)
        made = write_struct(fields | {GROUPS: (LIST, (STRUCT, groups))}) + extra
        return data[: footer.start] + made + len(made).to_bytes(4, "little") + MAGIC

    return _shard(edit)


def _chunk(groups: list[Any]) -> Any:
    return groups[0][1][1][1][0]


def _pair(key: bytes) -> Any:
    return {1: (BINARY, key), 2: (BINARY, b"x")}


def _moved(place: Callable[[Any], int]) -> Change:
    """Bytes put in after the magic, all that follows told to lie further on."""

    def edit(data: bytes, footer: Any) -> bytes:
        extra, at = b"hidden", place(footer)
        groups = [footer.group(i) for i in range(len(footer.groups))]
        for group in groups:
            spots = [(group, 5)]
            for chunk in group[1][1][1]:
                spots += [(chunk, n) for n in (2, 4, 6)] + [
                    (chunk[3][1], n) for n in (9, 10, 11, 14)
                ]
            for struct, n in spots:
                if n in struct and struct[n][1] >= at > 0:
                    struct[n] = (I64, struct[n][1] + len(extra))
        made = write_struct(footer.fields | {GROUPS: (LIST, (STRUCT, groups))})
        pages = data[:at] + extra + data[at : footer.start]
        return pages + made + len(made).to_bytes(4, "little") + MAGIC

    return _shard(edit)


def _of_shards() -> Iterator[tuple[str, Change]]:
    def put(struct: Any, field: int, value: Any) -> None:
        struct[field] = value

    yield "shard: bytes after the magic", _moved(lambda _: 4)
    yield "shard: bytes between columns", _moved(lambda f: f.chunks(0)[1][3][1][9][1])
    yield "shard: bytes before the footer", _moved(lambda f: f.start)
    yield "shard: bytes in the footer", _footer(lambda f, g: None, b"hidden")
    yield "shard: a field of the file", _footer(lambda f, g: put(f, 30, (BINARY, b"x")))
    yield "shard: a field of a row group", _footer(lambda f, g: put(g[0], 30, (BINARY, b"x")))
    yield "shard: a field of a chunk", _footer(lambda f, g: put(_chunk(g), 30, (BINARY, b"x")))
    yield (
        "shard: a field of its metadata",
        _footer(lambda f, g: put(_chunk(g)[3][1], 30, (BINARY, b"x"))),
    )
    yield "shard: a chunk in another file", _footer(lambda f, g: put(_chunk(g), 1, (BINARY, b"x")))
    yield (
        "shard: metadata of a chunk",
        _footer(lambda f, g: put(_chunk(g)[3][1], 8, (LIST, (STRUCT, [_pair(b"k")])))),
    )
    yield (
        "shard: metadata of the file",
        _footer(
            lambda f, g: put(f, KEY_VALUES, (LIST, (STRUCT, [*f[KEY_VALUES][1][1], _pair(b"k")])))
        ),
    )
    yield (
        "shard: metadata less",
        _footer(lambda f, g: put(f, KEY_VALUES, (LIST, (STRUCT, f[KEY_VALUES][1][1][1:])))),
    )
    for name, n in (("smallest", 6), ("largest", 5)):
        yield (
            f"shard: a {name} value that no row has",
            _footer(lambda f, g, n=n: put(_chunk(g)[3][1][12][1], n, (BINARY, b"note"))),
        )
    for name, n, number in (("NULLs", 3, 1), ("distinct values", 4, 1)):
        yield (
            f"shard: a false number of {name}",
            _footer(lambda f, g, n=n, k=number: put(_chunk(g)[3][1][12][1], n, (I64, k))),
        )
    yield "shard: another writer", _footer(lambda f, g: put(f, CREATED_BY, (BINARY, b"x")))
    yield "shard: a field of its schema", _footer(lambda f, g: put(f[2][1][1][1], 9, (3 + 2, 77)))
    for name, n in (("a row less", 1), ("the last rows less", 3)):
        yield f"shard: {name}", _fewer_rows(n)


def _fewer_rows(n: int) -> Change:
    def rewrite(out: Path) -> None:
        path = out.joinpath(*SHARD)
        table = pq.read_table(path, partitioning=None)
        pq.write_table(table[:-n], path)
        restate(out, SHARD)

    return rewrite
