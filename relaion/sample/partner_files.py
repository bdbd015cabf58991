"""The partners' files: every delivery in a form of its own, as partners do.

Entries that match nothing are random digests. Their number is the published one divided by a
scale, so that lists of millions can be tried on a laptop.
"""

import gzip
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO

from relaion.paths import atomic_write
from relaion.sample import plants
from relaion.sample.result import DemoDelivery
from relaion.sample.words import digests, seeded

_CHUNK = 50_000
_MD5, _SHA1 = 16, 20  # bytes


@dataclass(frozen=True)
class Form:
    """How a file is spelled: `line` says where in a line the value stands, and its number `n`.

    A name that ends in `.gz` is compressed, a header starting with `#` is a comment. `between`
    stands between lines, `footer` below them.
    """

    name: str
    header: str = ""
    line: str = "{}"
    end: str = "\n"
    between: str = ""
    footer: str = ""
    bom: bool = False
    upper: bool = False


_XML = '<?xml version="1.0" encoding="UTF-8"?>\n<queryResult xmlns="{}">\n<images>'
_IMAGE = (
    '<image><member id="1">Example</member><timestamp>2024-04-24T00:00:00Z</timestamp><id>{n}</id>'
    "<classification>A1</classification><fingerprints><sha1>{}</sha1></fingerprints></image>"
)
_VICS = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/Default/$metadata#Media"
FORMS: Mapping[str, tuple[Form, ...]] = {
    "iwf_first": (Form("iwf-2024-02-22.jsonl", line='{{"md5": "{}"}}'),),
    "c3p": (Form("c3p-2024-03-20.csv.gz", "md5", upper=True),),
    "iwf_second": (Form("iwf-2024-03-26.csv", "md5,flag", "{},G", end="\r\n", bom=True),),
    "iwf_links": (Form("iwf-2024-03-26-links.txt", end="\r\n", bom=True),),
    "stanford": (
        Form(
            "stanford-2024-04-24-part-1.xml",
            _XML.format("https://hashsharing.ncmec.org/hashsharing/v2"),
            _IMAGE,
            footer="</images>\n</queryResult>",
        ),
        Form("stanford-2024-04-24-part-2.csv.gz"),
    ),
    "stanford_validated": (
        Form(
            "stanford-2024-04-24-validated.json",
            f'{{"@odata.context": "{_VICS}", "value": [',
            '{{"MediaID": {n}, "Category": 1, "SHA1": "{}"}}',
            between=",",
            footer="]}",
            upper=True,
        ),
    ),
    "hrw": (
        Form("hrw-2024-07-10-part-1.txt"),
        Form("hrw-2024-07-10-part-2.csv", "url;reported", '"{}";2024-07-10'),
    ),
    "c3p_update": (Form("c3p-2024-07-31-update.csv", "action,md5"),),
    "known_good": (
        Form(
            "nsrl-2024-08-05.csv",
            '"SHA-1","MD5","CRC32","FileName","FileSize","ProductCode","OpSystemCode","SpecialCode"',
            end="\r\n",
        ),
    ),
}


def names() -> list[str]:
    """The names of all partner files."""
    return [form.name for forms in FORMS.values() for form in forms]


def write_deliveries(
    folder: Path, entries: Mapping[str, Sequence[str]], seed: int, scale: int
) -> tuple[DemoDelivery, ...]:
    """Write the partners' files, readable by their owner only, in the order of receipt.

    `entries` maps a delivery's slug to the values that match; unmatched ones are added, as
    many as published divided by `scale`. Raises OutputError when a file cannot be written.
    """
    lines = _lines(entries, seed, scale)
    deliveries = []
    for d in plants.DELIVERIES:
        files = tuple(folder / form.name for form in FORMS[d.slug])
        for path, form, part in zip(files, FORMS[d.slug], lines[d.slug], strict=True):
            _write(path, form, part)
        updates = plants.PLANNED[d.updates].title if d.updates else None
        about = (d.source, d.title, d.label, d.received, d.kind, d.role, updates, d.where)
        deliveries.append(DemoDelivery(files, *about))
    return tuple(deliveries)


def _lines(
    entries: Mapping[str, Sequence[str]], seed: int, scale: int
) -> dict[str, tuple[Iterable[str], ...]]:
    """What each file of each delivery lists, by slug. Large ones are made while written."""

    def mixed(slug: str, n_unmatched: int, size: int, values: Sequence[str]) -> Iterator[str]:
        return _mixed(seeded(seed, slug), n_unmatched, size, values)

    first, second = entries["iwf_first"], entries["iwf_second"]
    added = [value for value in second if value not in set(first)]
    n_first = (plants.IWF_FIRST - len(first)) // scale
    n_added = (plants.IWF_SECOND - plants.IWF_FIRST - len(added)) // scale
    n_c3p = (plants.C3P - len(entries["c3p"])) // scale
    n_stanford = sum(plants.STANFORD_PARTS) - len(entries["stanford"])
    n_links = plants.IWF_LINKS - len(entries["iwf_links"])
    stanford = [*mixed("stanford", n_stanford, _SHA1, entries["stanford"])]
    validated = [*mixed("stanford_validated", 0, _SHA1, entries["stanford_validated"])]
    private = [*mixed("hrw", 0, _MD5, entries["hrw"])]
    part, half = plants.STANFORD_PARTS[0], plants.HRW_FIRST_PART
    # of no row: one that C3P lists until its update takes it back, and one that this adds
    gone, late = digests(seeded(seed, "c3p_update"), 2, _MD5)
    listed = set(entries["stanford"])
    mistaken = next(value for value in stanford if value not in listed)
    return {
        "iwf_first": (mixed("iwf_first", n_first, _MD5, first),),
        "c3p": (chain(mixed("c3p", n_c3p, _MD5, entries["c3p"]), [gone]),),
        "iwf_second": (
            chain(
                mixed("iwf_first", n_first, _MD5, first),
                mixed("iwf_second", n_added, _MD5, added),
            ),
        ),
        "iwf_links": (mixed("iwf_links", n_links, _MD5, entries["iwf_links"]),),
        "stanford": (stanford[:part], stanford[part:]),
        "stanford_validated": (validated,),
        "hrw": (private[:half], private[half:]),
        "c3p_update": ([f"remove,{gone}", f"add,{late}"],),
        "known_good": (_known_good(seeded(seed, "known_good"), mistaken),),
    }


def _known_good(rng: random.Random, mistaken: str) -> Iterator[str]:
    """Rows as NSRL's table of software has them, the mistaken digest in one of them."""
    place = rng.randrange(plants.KNOWN_GOOD)
    for i, sha1 in enumerate(digests(rng, plants.KNOWN_GOOD, _SHA1)):
        hashes = (mistaken if i == place else sha1, *digests(rng, 1, _MD5), *digests(rng, 1, 4))
        told = ",".join(f'"{value.upper()}"' for value in hashes)
        yield f'{told},"no-picture-{i + 1:02d}.png",{rng.randrange(400, 4000)},1,"362",""'


def _mixed(rng: random.Random, n_unmatched: int, size: int, values: Sequence[str]) -> Iterator[str]:
    """The values among random digests of `size` bytes, all in random order."""
    total = n_unmatched + len(values)
    places = rng.sample(range(total), len(values))
    by_place = dict(zip(places, values, strict=True))
    for start in range(0, total, _CHUNK):
        chunk = digests(rng, min(_CHUNK, total - start), size)
        for place in by_place.keys() & range(start, start + len(chunk)):
            chunk[place - start] = by_place[place]
        yield from chunk


def _write(path: Path, form: Form, lines: Iterable[str]) -> None:
    with atomic_write(path, mode=0o600) as part, part.open("wb") as raw:
        if not form.name.endswith(".gz"):
            _write_lines(raw, form, lines)
            return
        # no name and no time in the header: the same lines give the same bytes
        with gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as f:
            _write_lines(f, form, lines)


def _write_lines(f: IO[bytes] | gzip.GzipFile, form: Form, lines: Iterable[str]) -> None:
    f.write(b"\xef\xbb\xbf" if form.bom else b"")
    if form.header:
        f.write((form.header + form.end).encode())
    lines = iter(lines)
    apart = form.between + form.end
    n = 0
    while some := list(islice(lines, _CHUNK)):
        f.write(apart.encode() if n else b"")
        if form.upper:
            some = [line.upper() for line in some]
        if form.line != "{}":
            some = [form.line.format(line, n=i) for i, line in enumerate(some, n + 1)]
        f.write(apart.join(some).encode())
        n += len(some)
    f.write(form.end.encode() if n else b"")
    if form.footer:
        f.write((form.footer + form.end).encode())
