"""Editions: SQL scripts that decide which rows leave, built in or of the user's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from relaion.errors import InputError, ScriptError
from relaion.paths import as_path, is_shells, shown
from relaion.sqlset import BUILT_IN, VERSION, Script, named, parse
from relaion.tabled import Tabled

ORIGINAL = "original"


@dataclass(frozen=True)
class Edition:
    """A named set of lists and rules; `script` makes its removals.

    `labels` are those of the lists whose rows it removes, `rules` the rules it applies,
    `parent` the edition it is part of (`original` for the data set as it came).
    """

    name: str
    parent: str
    labels: tuple[str, ...]
    rules: tuple[str, ...]
    script: Script
    built_in: bool

    @property
    def file(self) -> str:
        """What its script's file is called; one of a pipe, whose name says nothing, by its own."""
        path = self.script.path
        return f"{self.script.name}.sql" if is_shells(path) else path.name


@dataclass(frozen=True)
class Relation:
    """What a script reads or makes: its columns as (name, type).

    Of `source`, `subset` says of which shards; `renamed` the columns (name in the file, name in
    the script) that differ in nothing but case from one before them, or are named like ours.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    subset: str | None = None
    renamed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Tried(Tabled):
    """What a trial of an own edition showed.

    `script` is its file's name and `sha256` its digest; `edition`, `parent`, `labels` and `rules`
    are as its header says. `reads` are the relations that it is given and reads, `makes` those it
    leaves beside them. `ended`: without a row to read it came to its end, in seconds.
    """

    script: str
    sha256: str
    edition: str
    parent: str
    labels: tuple[str, ...]
    rules: tuple[str, ...]
    reads: tuple[Relation, ...]
    makes: tuple[Relation, ...]
    ended: bool


def _words(script: Script, field: str) -> tuple[str, ...]:
    text = ",".join(script.values(field))
    return tuple(word.strip() for word in text.split(",") if word.strip() not in ("", "none"))


def _edition(script: Script, *, built_in: bool) -> Edition:
    parents = script.values("parent")
    if len(parents) != 1:
        raise ScriptError(
            f"{shown(script.path)}: no `-- parent:` line; name the edition that this one is part "
            f"of, or `{ORIGINAL}`"
        )
    if set(script.params) - {"labels"}:
        raise ScriptError(
            f"{shown(script.path)}: asks for parameters {sorted(set(script.params) - {'labels'})}; "
            "an edition may use $labels only"
        )
    return Edition(
        name=script.name.replace("_", "-"),
        parent=parents[0].replace("_", "-"),
        labels=_words(script, "labels"),
        rules=_words(script, "rules"),
        script=script,
        built_in=built_in,
    )


def load_editions(wanted: Sequence[str | Path], version: str = VERSION) -> tuple[Edition, ...]:
    """Editions by name or by path of a script, parents first.

    Raises InputError for an unknown name, ScriptError for a script without the header lines
    `name`, `parent` and `labels`, or one that is named like another edition of the run.
    """
    editions: dict[str, Edition] = {}
    for given in wanted:
        edition = _load(given, version)
        if edition.name in editions or edition.name == ORIGINAL:
            raise InputError(f"{shown(given)}: edition {edition.name} is named twice; rename one")
        editions[edition.name] = edition
    return tuple(_parents_first(editions))


def _load(given: str | Path, version: str) -> Edition:
    text = str(given)
    if text in BUILT_IN:
        return _edition(named(text.replace("-", "_"), version), built_in=True)
    path = as_path(given)
    if path.suffix == ".sql" or path.exists():
        return _edition(parse(path), built_in=False)
    raise InputError(
        f"{shown(text)}: no such edition; name one of {', '.join(BUILT_IN)}, or the path of a "
        "script"
    )


def _parents_first(editions: dict[str, Edition]) -> list[Edition]:
    ordered: list[Edition] = []
    waiting = list(editions.values())
    while waiting:
        ready = [e for e in waiting if e.parent not in {w.name for w in waiting}]
        if not ready:
            raise InputError(f"{shown(waiting[0].script.path)}: editions are each other's parents")
        ordered += ready
        waiting = [e for e in waiting if e not in ready]
    return ordered
