"""Are lists, keywords, inputs, sidecars and this installation those of the run?

The lists meet sidecars (image hashes that lie apart from the rows) first (`lookup.py`): only the
keys of their rows with a listed image travel on to the shards, link keys where a sidecar has
links, row hashes where it has these.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from relaion.errors import RelaionError
from relaion.links import KEY_VERSION
from relaion.lists.key import hmac_digest, key_path, ledger_path, load
from relaion.lists.snapshot import Held
from relaion.parquet.looked_at import (
    Asked,
    NotLookedAt,
    looked_into,
    not_looked_at,
)
from relaion.parquet.read_shard import group_shards, read_shard
from relaion.parquet.roles import Columns, overrides_of
from relaion.paths import (
    Seal,
    find_shards,
    find_sidecars,
    is_still,
    owned_folder,
    replaced,
    seal,
    several,
    shown,
)
from relaion.roles import KINDS
from relaion.sidecars.read import read_sidecars
from relaion.sqlset import Script
from relaion.sqlset import load as load_scripts
from relaion.verifier.cover import LedgerPlaces, read_places
from relaion.verifier.keywords import read_keywords
from relaion.verifier.manifest import MANIFEST, FileLine, ListLine, Statement
from relaion.verifier.rows import Source, roles_of
from relaion.verifier.sidecars import Apart, apart
from relaion.verifier.verdict import Notes, count
from relaion.versions import installed

# -- Are scripts, link keys and editions of the run those of this installation? ----------------


def check_installation(statement: Statement, notes: Notes) -> None:
    """Notices where this installation has other scripts, or makes other link keys."""
    if statement.key_version != KEY_VERSION:
        notes.notice(
            f"the run made link keys of version {statement.key_version}, "
            f"this relaion makes version {KEY_VERSION}"
        )
    try:
        ours = load_scripts(statement.sql_version)
    except RelaionError as e:
        notes.notice(f"the scripts of the run are not here: {e}")
        return
    digests = {f"{name}.sql": script.sha256 for name, script in ours.items()}
    _check_editions(statement, {s.name: s for s in ours.values()}, notes)
    for edition in statement.editions:
        name = f"editions/{edition.name.replace('-', '_')}.sql"
        is_other = f"editions/{edition.script}" != name
        if edition.builtin and (is_other or statement.scripts.get(name) != edition.sha256):
            said = f"states another script of {shown(edition.name)} than among its scripts"
            notes.find("6", MANIFEST, said)
    if statement.raw["relaion"] == installed("relaion") and statement.scripts != digests:
        notes.find("6", MANIFEST, "states other SQL scripts than this version of relaion has")
    other = sorted(n for n, sha256 in statement.scripts.items() if digests.get(n) != sha256)
    if other:
        more = f" and {len(other) - 1} more" if len(other) > 1 else ""
        notes.notice(
            f"sql/{shown(statement.sql_version)}/{shown(other[0])}{more}: the run had another text "
            "than this installation; read it there before trusting its name"
        )


def _check_editions(statement: Statement, ours: Mapping[str, Script], notes: Notes) -> None:
    """A built-in edition is what its script says, where that is the script of the run."""
    for edition in statement.editions:
        script = ours.get(edition.name.replace("-", "_"))
        if not edition.builtin or script is None or script.sha256 != edition.sha256:
            continue
        parts = (("labels", edition.labels), ("rules", edition.rules), ("parent", {edition.below}))
        for part, stated in parts:
            written = {word.strip() for word in ",".join(script.values(part)).split(",")}
            written -= {"", "none"}  # as a run reads them
            if part == "parent":
                written = {word.replace("_", "-") for word in written}
            if written != stated:
                said = f"states other {part} of {shown(edition.name)} than its script"
                notes.find("6", MANIFEST, said)


def same_columns(statement: Statement, columns: Columns | None, notes: Notes) -> None:
    """A notice when other column roles were given than the run had; the run's are used."""
    if columns is not None and overrides_of(columns) != overrides_of(statement.parameters.columns):
        notes.notice("the roles given with --column are not those of the run; the run's are used")


# -- Are the lists, keywords and inputs that were given those of the run? ----------------------


@dataclass
class Given:
    """What the checks work with: what the user gave, all of it optional.

    `unlike` says why the model cannot know which rows the run had to remove: lists,
    keywords or sidecars that are missing or others. `sources` are the input shards that
    the manifest names. `unusable` counts digests of the run's lists that are compared with nothing,
    by algorithm. `left_out` is what a run over them does not look at, as far
    as can be told without their values. `secret` is the curator key.
    """

    lists: Held | None = None
    labels: dict[int, str] = field(default_factory=dict)
    partners: dict[int, str] = field(default_factory=dict)
    received: dict[int, str] = field(default_factory=dict)
    unusable: dict[str, int] = field(default_factory=dict)
    keywords: tuple[str, ...] | None = None
    unlike: list[str] = field(default_factory=list)
    sources: dict[tuple[str, str], Source] = field(default_factory=dict)
    left_out: tuple[NotLookedAt, ...] = ()
    sidecars: tuple[Apart, ...] = ()
    places: LedgerPlaces | None = None
    secret: bytes | None = field(default=None, repr=False)

    @property
    def exact(self) -> bool:
        """Whether lists and keywords are those of the run."""
        return not self.unlike


def check_given(
    statement: Statement,
    notes: Notes,
    stack: ExitStack,
    *,
    inputs: Sequence[Path],
    lists: Held | None,
    keywords: Path | bytes | None,
    key: Path | bytes | None,
    sidecars: Sequence[Path],
    work: Path | None,
    ledger: Path | None = None,
) -> Given:
    """Compare what was given with the manifest. Raises RelaionError for what cannot be read.

    Private copies that were needed to read it go when `stack` ends.
    """
    given = Given(lists=lists)
    secret = given.secret = _secret(lists, key)
    if lists is None:
        given.unlike.append("no --lists given")
    else:
        _check_lists(statement, lists, secret, given, notes)
    _check_keywords(statement, keywords, secret, given, notes)
    _check_sidecars(statement, sidecars, given, notes, stack, work)
    if statement.parameters.cover and statement.raw["cover"] is not None:
        beside = key if isinstance(key, Path) else None if lists is None else key_path(lists.named)
        ledger = ledger or (None if beside is None else ledger_path(beside))
        _check_cover(statement, ledger, secret, given, notes)
    if inputs:
        _check_inputs(statement, inputs, given, notes)
    return given


def _check_cover(
    statement: Statement, ledger: Path | None, secret: bytes | None, given: Given, notes: Notes
) -> None:
    """Read what the run had out by the ledger; raises ListError for one of another key."""
    try:
        release = int(statement.raw["cover"]["release"])
    except (LookupError, TypeError, ValueError):
        notes.limit("1a", "rows of cover were not looked for: the manifest does not state cover")
        return
    if ledger is not None and secret is not None:
        given.places = read_places(ledger, secret, release)
    why = "rows of cover were not looked for: no cover ledger beside the curator key"
    if given.places is not None and given.places.release < release:
        given.places = None
        why = "rows of cover were not looked for: the cover ledger is older than the run"
    if given.places is None:
        given.unlike.append(why)
        notes.limit("1a", why)


def _secret(lists: Held | None, key: Path | bytes | None) -> bytes | None:
    if isinstance(key, bytes):
        return key
    path = key or (key_path(lists.named) if lists is not None else None)
    if path is None or (key is None and not path.exists()):
        return None
    return load(path)


def _check_lists(
    statement: Statement, lists: Held, secret: bytes | None, given: Given, notes: Notes
) -> None:
    stored, since = _read_lists(lists, notes)
    given.labels = {list_id: x.label for list_id, x in stored.items()}
    given.partners = {list_id: x.source for list_id, x in stored.items()}
    given.received = {list_id: x.received for list_id, x in stored.items()}
    given.unusable = _unusable(lists, statement)
    if secret is None:
        notes.limit("6", "digests of lists and keywords were not compared: no curator key")
        ours, gone, theirs = (
            {i: x._replace(digest="") for i, x in lines.items()}
            for lines in (stored, since.withdrawn, statement.lists)
        )
    else:
        ours = {i: x._replace(digest=hmac_digest(secret, x.digest)) for i, x in stored.items()}
        gone, theirs = since.withdrawn, dict(statement.lists)
    differ = {i for i in {*ours, *theirs} if ours.get(i) != theirs.get(i)}
    went_on = _since_then(differ, ours, theirs, gone, since.updated)
    if went_on:
        # the run is as true as before; a kept row that a list now names is found all the same
        given.unlike.append(went_on)
        notes.skip("1a", went_on)
    elif differ:
        given.unlike.append("the lists given are not those of the run")
        for promise in ("1a", "4"):
            notes.limit(promise, given.unlike[-1])
        notes.find("6", MANIFEST, f"{count(len(differ), 'list', 'differs')} from the store given")


def _since_then(
    differ: Set[int],
    now: Mapping[int, ListLine],
    then: Mapping[int, ListLine],
    withdrawn: Mapping[int, ListLine],
    updated: Set[int],
) -> str:
    """How the store of a run went on, by all lists that differ; empty where it is no such store."""
    more = differ - {*then}
    out = {i for i in differ & {*then} & {*withdrawn} if _is_less(withdrawn[i], then[i])}
    less = {i for i in differ & {*then} & {*now} & updated if _is_less(now[i], then[i])}
    if not differ or differ != more | out | less:
        return ""
    told = [f"the store has {count(len(more), 'list')} more than the run"] * bool(more)
    gone = several(len(out), "list of the run was", "lists of the run were")
    told += [f"{gone} withdrawn since"] * bool(out)
    told += [f"entries of {count(len(less), 'list')} were taken back since"] * bool(less)
    what = "this" if out or less else "them"
    return f"{' and '.join(told)} (`relaion update` takes {what} in; or give the store as it was)"


def _is_less(now: ListLine, then: ListLine) -> bool:
    """Whether a list is the one that it was, with no entry more of any kind."""
    had = dict(then.entries)
    same = now._replace(entries=()) == then._replace(entries=())
    return same and all(n <= had.get(kind, 0) for kind, n in now.entries)


class _Since(NamedTuple):
    """The lists that a store gave up, as they were then, and those that later ones `updated`."""

    withdrawn: dict[int, ListLine]
    updated: frozenset[int]


def _read_lists(lists: Held, notes: Notes) -> tuple[dict[int, ListLine], _Since]:
    """The lists that count, with digests of their own, and what became of others.

    Of a list that was withdrawn the digest is under the curator key of the store.
    """
    heads = lists.engine.rows(
        "select list_id, source, title, label, received, content_sha256, role, "
        "withdrawn is not null, entries_then, replaces from lists"
    )
    counts = lists.engine.rows("select list_id, kind, count(*) from entries group by all")
    unknown = sum(n for _, kind, n in counts if kind not in KINDS)
    if unknown:
        notes.limit("1a", f"{unknown:,} entries are of kinds that are not checked here")
    found: dict[int, ListLine] = {}
    withdrawn: dict[int, ListLine] = {}
    for list_id, *names, sha256, role, is_out, then, _ in heads:
        held = [(k, n) for i, k, n in counts if i == list_id]
        if is_out:
            held = [*json.loads(then or "{}").items()]
        source, title, label, received = (
            "" if n is None else n if isinstance(n, str) else n.isoformat() for n in names
        )
        line = ListLine(source, title, label, received, tuple(sorted(held)), role, sha256)
        (withdrawn if is_out else found)[int(list_id)] = line
    return found, _Since(withdrawn, frozenset(x[-1] for x in heads if x[-1] is not None))


def _unusable(lists: Held, statement: Statement) -> dict[str, int]:
    """Digests of the run's lists that are compared with nothing, by algorithm."""
    found: Counter[str] = Counter()
    rows = lists.engine.rows("select list_id, algorithm, n from unusable")
    for list_id, algorithm, n in rows:
        if (line := statement.lists.get(list_id)) is not None and line.role == "bad":
            found[algorithm] += n
    return dict(found)


def _check_keywords(
    statement: Statement,
    path: Path | bytes | None,
    secret: bytes | None,
    given: Given,
    notes: Notes,
) -> None:
    stated = statement.parameters.keywords
    if path is None:
        if stated is not None:
            given.unlike.append("the run had keywords, no --keywords given")
            notes.limit("1a", "the rule for keywords was not checked: none given")
        return
    words = read_keywords(path)
    if stated is None:
        given.unlike.append("the run had no keywords, some were given")
        notes.find("6", MANIFEST, "states no keywords, but a keyword file was given")
        return
    given.keywords = words.words
    n = statement.raw["parameters"]["keywords"]["n"]
    # words that differ in case only are counted apart there, and are one here
    if not len(words.words) <= n <= words.lines:
        notes.find("6", MANIFEST, "states another number of keywords than the file given holds")
    if secret is not None and hmac_digest(secret, words.sha256) != stated:
        given.unlike.append("the keywords given are not those of the run")
        notes.limit("1a", given.unlike[-1])
        notes.find("6", MANIFEST, "the keywords given are not those that the run had")


def _check_inputs(statement: Statement, inputs: Sequence[Path], given: Given, notes: Notes) -> None:
    found = find_shards(inputs)
    for notice in found.notices:
        notes.notice(notice)
    shards = [read_shard(s, statement.parameters.columns, looks=True) for s in found.shards]
    shards = [shard for group in group_shards(shards) for shard in group.shards]
    for notice in looked_into(shards):
        notes.notice(notice)
    sources = {
        (shard.subset, shard.name): Source(
            shard.path,
            roles_of(shard.layout),
            stamp=shard.stamp,
            size=(shard.rows, shard.row_groups),
        )
        for shard in shards
    }
    listed = [x for x in statement.lists.values() if x.role == "bad"]
    kinds = {kind for x in listed for kind, _ in x.entries}
    beside = {role for apart in given.sidecars for role in apart.source.roles}
    rules = {rule for edition in statement.editions for rule in edition.rules}
    has_keywords = statement.parameters.keywords is not None
    labels = {x.label for x in listed}
    idle = labels.difference(*(edition.labels for edition in statement.editions))
    asked = Asked(kinds, rules, beside, has_keywords, idle, given.unusable)
    given.left_out = not_looked_at(shards, asked, found.skipped)
    strange = set(sources) - set(statement.inputs)
    missing = set(statement.inputs) - set(sources)
    if strange:
        notes.find("6", MANIFEST, f"{count(len(strange), 'shard')} given that the run did not have")
    if missing:
        said = count(len(missing), "shard")
        notes.find("6", MANIFEST, f"{said} of the run not found where the inputs were given")
        for promise in ("1b", "2", "3"):
            notes.limit(promise, f"{said} not compared with an input")
    given.sources = {key: source for key, source in sources.items() if key in statement.inputs}


def _check_sidecars(
    statement: Statement,
    paths: Sequence[Path],
    given: Given,
    notes: Notes,
    stack: ExitStack,
    work: Path | None,
) -> None:
    """Compare the sidecars with the manifest; they are sources of rows from now on.

    A sidecar of text lines is read through a private copy in `work`, or in a folder that goes
    when `stack` ends.
    Raises InputError for a sidecar that cannot be read.
    """
    if not paths:
        if statement.sidecars:
            notes.limit("1a", "rows that only a sidecar names were not looked for: none given")
            given.unlike.append("the run had sidecars, no --sidecar given")
        return
    work = work or stack.enter_context(owned_folder("verify")).path
    said: list[str] = []
    seals = {s.path: seal(s.path) for s in find_sidecars(paths).shards}
    stack.callback(_refuse_changed, seals)
    found = read_sidecars(paths, work, statement.parameters.columns, said)
    for notice in said:
        notes.notice(notice)
    given.sidecars = tuple(map(apart, found))
    ours = [FileLine(s.rows, s.bytes, seals[s.path].sha256, s.name) for s in found]
    if sorted(ours, key=str) == list(statement.sidecars):
        return
    missing = len(set(statement.sidecars) - set(ours))
    if missing:
        notes.limit("1a", f"{count(missing, 'sidecar')} of the run not given")
    notes.find("6", MANIFEST, "the sidecars given are not those of the run")
    given.unlike.append("the sidecars given are not those of the run")


def _refuse_changed(seals: Mapping[Path, Seal]) -> None:
    """Raise InputError where a sidecar has other bytes by the end of the check."""
    for path, before in seals.items():
        if not is_still(path, before):
            raise replaced(path)
