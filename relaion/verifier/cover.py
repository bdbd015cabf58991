"""Which rows leave as cover? Reckoned from the ledger alone, in plain Python.

The ledger calls a place by its HMAC under the curator key. Every link is asked in which places it
stands (its host, its directory, itself) and whether one of them is out; then every row that shares
a link or an image hash with a row of such a place. Nothing here knows how places were chosen.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from relaion.engine import connect
from relaion.links import link_key
from relaion.links.inner import inner_links
from relaion.links.text import LONGEST, as_bytes
from relaion.lists.cover import attach_ledger, copy_ledger, rank
from relaion.paths import owned_folder
from relaion.roles import IMAGE_KINDS
from relaion.verifier.candidates import Carriers
from relaion.verifier.model import shared_keys
from relaion.verifier.rows import Rows, Source

if TYPE_CHECKING:
    from relaion.verifier.listable import Apply
    from relaion.verifier.sidecars import Apart

IMAGE_ROWS = 1_000
"""An image of more rows is a placeholder, and takes none along."""
Labels = frozenset[str]
K = TypeVar("K", bound=Hashable)
CoverRows = dict[int, Labels]
_NONE: Labels = frozenset()

# a host that is told as it stands; of any other link the key tells it
_PLAIN = re.compile(
    rb"https?://((?!xn)[a-z0-9_-]+(?:\.(?!xn)[a-z0-9_-]+)*\.(?!xn)[a-z][a-z0-9_-]*)(?:/|\Z)"
)
_KEY_HOST = re.compile(rb"[^/?#]*")
_FOLDER = re.compile(rb"https?://[^/?#]*(/(?:[^?#]*/)?)")
_START = re.compile(rb"https?://(?:www\.)?")


@dataclass(frozen=True)
class LedgerPlaces:
    """The places that are out, by their rank under a key, with the labels that they leave for.

    `hosts` are the ranks of the hosts that they lie on, `listed` the listed ones with how many
    neutral ones each has; `release` is the newest of the ledger. `bonds` are pairs of listed ones
    that were found to share something, `teams` the neutral ones that stand for several together:
    by a team's name, and by the listed site the neutral one.
    """

    key: bytes
    labels: Mapping[str, Labels]
    hosts: frozenset[str]
    listed: Mapping[str, int] = field(default_factory=dict)
    release: int = 0
    bonds: Sequence[tuple[str, str]] = ()
    teams: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def asked(self) -> frozenset[str]:
        """The places whose rows are asked what they share: listed ones, and those of teams."""
        return frozenset(self.listed).union(*(team.values() for team in self.teams.values()))

    @cached_property
    def _known(self) -> dict[bytes, tuple[str, bool]]:
        return {}

    def places(self, url: bytes) -> Iterator[str]:
        """The places that a link stands in, as the ledger calls them; none on other hosts."""
        found = _PLAIN.match(url)
        host = (
            None if found is None or len(found[1]) > LONGEST - 8 or not _is_text(url) else found[1]
        )
        text = url
        if host is None:
            key = as_bytes(link_key(url))
            text, host = b"http://" + key, _KEY_HOST.match(key)[0]  # type: ignore[index]
        if host not in self._known:
            digest = _md5(host.replace(b"www.", b""))
            self._known[host] = digest, rank(self.key, digest) in self.hosts
        digest, is_near = self._known[host]
        if is_near:
            folder = _FOLDER.match(text)
            inside = digest.encode() + (folder[1] if folder else b"")
            for site in (digest, _md5(inside), _md5(_START.sub(b"", text, count=1))):
                yield rank(self.key, site)


def _md5(text: bytes) -> str:
    return hashlib.md5(text, usedforsecurity=False).hexdigest()


def _is_text(url: bytes) -> bool:
    try:
        url.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def read_places(ledger: Path, key: bytes, release: int) -> LedgerPlaces | None:
    """What a ledger had out by a release; None where there is no ledger.

    Raises ListError for what is no ledger of this key.
    """
    with owned_folder("verify") as folder, connect(threads=1) as engine:
        copied = folder.path / ledger.name
        if not copy_ledger(ledger, copied):
            return None
        attach_ledger(engine, copied, key, ledger)
        sites = engine.rows("select site, host, label, since from ledger_sites")
        cover = engine.rows("select site, host, peer_of, since, team from ledger_cover")
        bonds = engine.rows("select site, other, since from ledger_bonds order by all")
    since_of = [*(line[3] for line in (*sites, *cover)), *(line[2] for line in bonds)]
    newest = max(since_of, default=0)
    labels: dict[str, set[str]] = {}
    hosts = set()
    for site, host, label, since in sites:
        if since <= release:
            labels.setdefault(site, set()).add(label)
            hosts.add(host)
    of_listed = {site: frozenset(said) for site, said in labels.items()}
    peers = Counter({site: 0 for site in of_listed})
    teams: dict[str, dict[str, str]] = {}
    for site, host, peer_of, since, team in cover:
        if since <= release:
            if team is not None:
                teams.setdefault(team, {})[peer_of] = site
            labels.setdefault(site, set()).update(of_listed.get(peer_of, _NONE))
            hosts.add(host)
            peers[peer_of] += 1
    told = {site: frozenset(said) for site, said in labels.items()}
    pairs = [(site, other) for site, other, since in bonds if since <= release]
    return LedgerPlaces(key, told, frozenset(hosts), dict(peers), newest, pairs, teams)


# -- the rows of places, and those around them -------------------------------------------------


@dataclass
class Shared:
    """What rows that leave share with others, and the labels that these leave for."""

    links: dict[str, Labels] = field(default_factory=dict)
    images: dict[tuple[str, bytes], Labels] = field(default_factory=dict)
    hashes: dict[int, Labels] = field(default_factory=dict)

    def join(self, other: "Shared") -> None:
        """Take over what others share."""
        _join(self.links, other.links)
        _join(self.images, other.images)
        _join(self.hashes, other.hashes)


@dataclass
class Inside:
    """The rows of the places in one file and what they share; `listed`: as LedgerPlaces.asked."""

    path: Path
    rows: CoverRows = field(default_factory=dict)
    shared: Shared = field(default_factory=Shared)
    listed: dict[int, frozenset[str]] = field(default_factory=dict)


@dataclass
class Around:
    """The rows of one file that share a link or a row hash with those of a place, or an image."""

    path: Path
    rows: CoverRows = field(default_factory=dict)
    images: dict[tuple[str, bytes], set[int]] = field(default_factory=dict)


def covered_rows(
    places: LedgerPlaces,
    sources: Sequence[Source],
    *,
    inner: bool,
    apply: "Apply",
    sidecars: Sequence["Apart"] = (),
    others: Sequence[Source] = (),
) -> tuple[dict[Path, CoverRows], dict[Path, dict[int, frozenset[str]]]]:
    """By file the rows that leave with a place, and the labels that they leave for.

    And those of listed places, and of neutral ones in teams, with these places. `inner`: whether
    links inside links count. Rows of `others`, too, which are no rows of the data set.
    """
    all_of_them = [*sources, *others]
    has_hashes = any("row_hash" in apart.keys for apart in sidecars)
    found: dict[Path, CoverRows] = {}
    shared = Shared()
    listed: dict[Path, dict[int, frozenset[str]]] = {}
    for inside in apply(partial(_inside, places, has_hashes), all_of_them):
        found[inside.path] = inside.rows
        shared.join(inside.shared)
        listed[inside.path] = inside.listed
    _add_beside(shared, [piece for apart in sidecars for piece in apart.pieces()])
    if not shared.links and not shared.images:
        return found, listed
    counted = {source.path for source in sources}
    shown: Counter[tuple[str, bytes]] = Counter()
    beside = []
    for around in apply(partial(_around, shared, inner), all_of_them):
        _join(found[around.path], around.rows)
        if around.path in counted:
            shown.update({image: len(rows) for image, rows in around.images.items()})
        beside.append(around)
    for around in beside:
        for image, rows in around.images.items():
            if shown[image] <= IMAGE_ROWS:
                _join(found[around.path], dict.fromkeys(rows, shared.images[image]))
    return found, listed


def _join(to: dict[K, Labels], more: Mapping[K, Labels]) -> None:
    for key, labels in more.items():
        to[key] = to.get(key, _NONE) | labels


def _roles(*, has_hashes: bool) -> set[str]:
    return {"url", *IMAGE_KINDS} | ({"text", "row_hash"} if has_hashes else set())


def _inside(places: LedgerPlaces, has_hashes: bool, source: Source) -> Inside:
    found = Inside(source.path)
    for first, rows in source.rows(_roles(has_hashes=has_hashes)):
        out: CoverRows = {}
        at: dict[int, frozenset[str]] = {}
        for urls in rows.all("url"):
            for number, url in enumerate(urls.to_pylist()):
                for place in places.places(url) if url is not None else ():
                    if place in places.labels:
                        out[number] = out.get(number, _NONE) | places.labels[place]
                        if place in places.asked:
                            at[number] = at.get(number, _NONE) | {place}
        _join(found.rows, {first + number: labels for number, labels in out.items()})
        found.listed.update({first + number: some for number, some in at.items()})
        found.shared.join(_shared(rows, out, has_hashes=has_hashes))
    return found


def _shared(rows: Rows, labels: CoverRows, *, has_hashes: bool) -> Shared:
    """What some of these rows share."""
    found = Shared()
    at = sorted(labels)
    some = rows.take(at)
    for number, row in zip(at, some.plain(), strict=True):
        _join(found.links, dict.fromkeys(shared_keys(row), labels[number]))
    for image, numbers in carried(some, None).items():
        for number in numbers:
            _join(found.images, {image: labels[at[number]]})
    if has_hashes:
        for number, value in zip(at, some.hashes().to_pylist(), strict=True):
            if value is not None:
                _join(found.hashes, {value: labels[number]})
    return found


def _add_beside(shared: Shared, sidecars: Sequence["Apart"]) -> None:
    """What rows share by way of sidecars: their images there, and whoever has these there."""
    carriers = Carriers(frozenset(shared.links)).prepared()
    for apart in sidecars:
        for _, rows in apart.source.rows({*apart.keys, *IMAGE_KINDS}):
            named = {n: labels for n, labels in _named(rows, shared, carriers).items() if labels}
            _join(shared.images, _shared(rows, named, has_hashes=False).images)
    wanted = frozenset(shared.images)
    shown: Counter[tuple[str, bytes]] = Counter()
    some = []
    for apart in sidecars:
        for _, rows in apart.source.rows({*apart.keys, *IMAGE_KINDS}):
            for image, numbers in carried(rows, wanted).items():
                shown[image] += len(numbers)
                some.append((image, rows.take(sorted(numbers))))
    for image, rows in some:
        if shown[image] <= IMAGE_ROWS:
            labels = dict.fromkeys(range(rows.n), shared.images[image])
            more = _shared(Rows(rows.n, rows.columns), labels, has_hashes=False)
            _join(shared.links, more.links)
            for value in rows.first("row_hash", pa.int64()).to_pylist():
                if value is not None:
                    _join(shared.hashes, {value: shared.images[image]})


def _named(rows: Rows, shared: Shared, carriers: Carriers) -> CoverRows:
    """The rows of a sidecar that have a link or a row hash of a row that leaves."""
    found: CoverRows = {}
    for urls in rows.all("url"):
        for number in carriers.find(urls):
            key = link_key(urls[number].as_py())
            _join(found, {number: shared.links.get(key, _NONE)})
    for number, value in enumerate(rows.first("row_hash", pa.int64()).to_pylist()):
        if value in shared.hashes:
            _join(found, {number: shared.hashes[value]})
    return found


def carried(
    rows: Rows, wanted: frozenset[tuple[str, bytes]] | None
) -> dict[tuple[str, bytes], set[int]]:
    """The rows that have each image hash, or each of those wanted."""
    found: dict[tuple[str, bytes], set[int]] = {}
    for kind in IMAGE_KINDS:
        if wanted is not None and not any(k == kind for k, _ in wanted):
            continue
        for column in rows.all(kind):
            values = column
            at = range(rows.n)
            if wanted is not None:
                held = pa.array([d for k, d in wanted if k == kind], pa.binary())
                mask = pc.is_in(pc.cast(column, pa.binary()), value_set=held)
                at = pc.indices_nonzero(mask).to_pylist()
                values = column.take(pa.array(at, pa.int64()))
            for number, digest in zip(at, values.to_pylist(), strict=True):
                if digest is not None:
                    found.setdefault((kind, digest), set()).add(number)
    return found


def _around(shared: Shared, inner: bool, source: Source) -> Around:
    found = Around(source.path)
    keys = frozenset(shared.links)
    carriers = Carriers(keys, keys if inner else frozenset())
    images, has_hashes = frozenset(shared.images), bool(shared.hashes)
    for first, rows in source.rows(_roles(has_hashes=has_hashes)):
        for urls in rows.all("url"):
            for number in carriers.find(urls):
                url = urls[number].as_py()
                held = {link_key(url), *(map(link_key, inner_links(url)) if inner else ())}
                labels = frozenset().union(*(shared.links.get(key, _NONE) for key in held))
                _join(found.rows, {first + number: labels})
        for number, value in enumerate(rows.hashes().to_pylist() if has_hashes else ()):
            if value in shared.hashes:
                _join(found.rows, {first + number: shared.hashes[value]})
        for image, numbers in carried(rows, images).items():
            found.images.setdefault(image, set()).update(first + n for n in numbers)
    return found
