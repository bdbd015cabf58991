"""Are lists, keywords, inputs and this installation those of the run?"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from relaion.errors import RelaionError
from relaion.links import KEY_VERSION
from relaion.lists.key import hmac_digest, key_path, load
from relaion.lists.snapshot import Held
from relaion.parquet.looked_at import Asked, NotLookedAt, not_looked_at
from relaion.parquet.read_shard import group_shards, read_shard
from relaion.parquet.roles import Columns, overrides_of
from relaion.paths import Stamp, find_shards, shown
from relaion.roles import KINDS
from relaion.sqlset import Script
from relaion.sqlset import load as load_scripts
from relaion.verifier.keywords import read_keywords
from relaion.verifier.manifest import MANIFEST, Statement
from relaion.verifier.rows import Roles, roles_of
from relaion.verifier.sidecars import Apart, check_sidecars
from relaion.verifier.verdict import Notes, count

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
    if statement.raw["relaion"] == version("relaion") and statement.scripts != digests:
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


@dataclass(frozen=True)
class Arguments:
    """What the user gave, all of it optional; bytes stand for a file that was read already."""

    inputs: Sequence[Path] = ()
    lists: Held | None = None
    keywords: Path | bytes | None = None
    key: Path | bytes | None = None
    sidecars: Sequence[Path] = ()
    work: Path | None = None


@dataclass
class Given:
    """What the checks work with.

    `unlike` says why the model cannot know which rows the run had to remove: lists,
    keywords or sidecars that are missing or others. `sources` are the input shards that
    the manifest names, with where their roles stand; `stamps` tell whether one is another
    file since. `left_out` is what a run over them does not look at, as far
    as can be told without their values.
    """

    lists: Held | None = None
    labels: dict[int, str] = field(default_factory=dict)
    partners: dict[int, str] = field(default_factory=dict)
    keywords: tuple[str, ...] | None = None
    unlike: list[str] = field(default_factory=list)
    sources: dict[tuple[str, str], tuple[Path, Roles]] = field(default_factory=dict)
    left_out: tuple[NotLookedAt, ...] = ()
    stamps: dict[tuple[str, str], Stamp] = field(default_factory=dict)
    sidecars: tuple[Apart, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether lists and keywords are those of the run."""
        return not self.unlike


@dataclass(frozen=True)
class _Stored:
    facts: tuple[str, str, str, str, tuple[tuple[str, int], ...], str]
    content_sha256: str


def check_given(
    statement: Statement, arguments: Arguments, notes: Notes, stack: ExitStack
) -> Given:
    """Compare what was given with the manifest. Raises RelaionError for what cannot be read.

    Private copies that were needed to read it go when `stack` ends.
    """
    lists = arguments.lists
    given = Given(lists=lists)
    secret = _secret(lists, arguments.key)
    if lists is None:
        given.unlike.append("no lists given")
    else:
        stored = _check_lists(statement, lists, secret, given, notes)
        given.labels = {list_id: x.facts[2] for list_id, x in stored.items()}
        given.partners = {list_id: x.facts[0] for list_id, x in stored.items()}
    _check_keywords(statement, arguments.keywords, secret, given, notes)
    given.sidecars, why = check_sidecars(
        statement, arguments.sidecars, notes, stack, arguments.work
    )
    given.unlike += why
    if arguments.inputs:
        _check_inputs(statement, arguments.inputs, given, notes)
    return given


def _secret(lists: Held | None, key: Path | bytes | None) -> bytes | None:
    if isinstance(key, bytes):
        return key
    path = key or (key_path(lists.named) if lists is not None else None)
    if path is None or (key is None and not path.exists()):
        return None
    return load(path)


def _check_lists(
    statement: Statement, lists: Held, secret: bytes | None, given: Given, notes: Notes
) -> dict[int, _Stored]:
    stored = _read_lists(lists, notes)
    differ = 0
    for list_id in set(stored) | set(statement.lists):
        ours, theirs = stored.get(list_id), statement.lists.get(list_id)
        same = ours is not None and theirs is not None and ours.facts == theirs.facts
        if same and ours is not None and theirs is not None and secret is not None:
            same = hmac_digest(secret, ours.content_sha256) == theirs.digest
        differ += not same
    if differ:
        given.unlike.append("the lists given are not those of the run")
        notes.find("6", MANIFEST, f"{count(differ, 'list', 'differs')} from the store given")
    if secret is None:
        notes.limit("6", "digests of lists and keywords were not compared: no curator key")
    return stored


def _read_lists(lists: Held, notes: Notes) -> dict[int, _Stored]:
    heads = lists.engine.rows(
        "select list_id, source, title, label, received, content_sha256, role from lists "
        "where withdrawn is null"
    )
    counts = lists.engine.rows("select list_id, kind, count(*) from entries group by all")
    unknown = sum(n for _, kind, n in counts if kind not in KINDS)
    if unknown:
        notes.limit("1a", f"{unknown:,} entries are of kinds that are not checked here")
    found = {}
    for list_id, source, title, label, received, sha256, role in heads:
        entries = tuple(sorted((k, n) for i, k, n in counts if i == list_id))
        names = [
            "" if n is None else n if isinstance(n, str) else n.isoformat()
            for n in (source, title, label, received)
        ]
        found[int(list_id)] = _Stored((*names, entries, role), sha256)
    return found


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
            given.unlike.append("the run had keywords, none were given")
            notes.limit("1a", "the rule for keywords was not checked: none given")
        return
    words = read_keywords(path)
    if stated is None:
        given.unlike.append("the run had no keywords, some were given")
        notes.find("6", MANIFEST, "states no keywords, but a keyword file was given")
        return
    given.keywords = words.words
    n = statement.raw["parameters"]["keywords"].get("n")
    # words that differ in case only are counted apart there, and are one here
    if not (isinstance(n, int) and len(words.words) <= n <= words.lines):
        notes.find("6", MANIFEST, "states another number of keywords than the file given holds")
    if secret is not None and hmac_digest(secret, words.sha256) != stated:
        given.unlike.append("the keywords given are not those of the run")
        notes.find("6", MANIFEST, "the keyword file given is not the one that the run had")


def _check_inputs(statement: Statement, inputs: Sequence[Path], given: Given, notes: Notes) -> None:
    found = find_shards(inputs)
    for notice in found.notices:
        notes.notice(notice)
    shards = [read_shard(s, statement.parameters.columns) for s in found.shards]
    sources = {
        (shard.subset, shard.name): (shard.path, roles_of(group.layout))
        for group in group_shards(shards)
        for shard in group.shards
    }
    listed = [x.facts for x in statement.lists.values() if x.facts[5] == "bad"]
    kinds = {kind for facts in listed for kind, _ in facts[4]}
    beside = {role for apart in given.sidecars for role in apart.source.roles}
    rules = {rule for edition in statement.editions for rule in edition.rules}
    has_keywords = statement.parameters.keywords is not None
    labels = {facts[2] for facts in listed}
    idle = labels.difference(*(edition.labels for edition in statement.editions))
    asked = Asked(kinds, rules, beside, has_keywords, idle)
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
    given.stamps = {(s.subset, s.name): s.stamp for s in shards if s.stamp is not None}
