"""Which formats are read, in words: what of them, who sends it, what counts, what is asked.

And a small file of any.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from relaion.errors import InputError
from relaion.lists.readers.formats import DOCUMENTS, FORMATS, TABLES, readable
from relaion.lists.samples import SAMPLES
from relaion.paths import AnyPath, as_path, atomic_write, shown, typed
from relaion.tabled import Results, Tabled


@dataclass(frozen=True)
class AboutFormat:
    """`default` is taken if nothing is said; `choose` is what may have to be said, or empty."""

    reads: str
    sender: str
    default: str
    choose: str = ""


_PROGRAMS = "whoever lists files"
_DIGESTS = "digests of pictures; those of other files are left out"
_COLUMNS = "digests and links; columns that decide are heeded"
_ASKED = "columns that may decide: --where, --ignore, --column"
_ONE_SHEET = "one of several sheets: --member"
_ONE_MEMBER = "one of several members: --member"
ABOUT = {
    "ncmec": AboutFormat(
        "XML of hash sharing, version 2", "NCMEC and its members",
        "MD5, SHA-1 and SHA-256 of images; deletions take back",
        "negative feedback of others: --ignore feedback",
    ),
    "misp": AboutFormat(
        "JSON of an event, a feed or a search", "MISP",
        "attributes for detection (to_ids) of images and links",
    ),
    "misp-csv": AboutFormat(
        "CSV that an instance exports", "MISP", "rows for detection (to_ids)",
    ),
    "stix": AboutFormat(
        "JSON of a STIX 2 bundle", "platforms for threat intelligence",
        "indicators in force; what was revoked or has expired is left out",
    ),
    "stix-patterns": AboutFormat(
        "STIX patterns, one a line", "platforms for threat intelligence",
        "nothing: no pattern tells whether it was revoked", "all of them: --format stix-patterns",
    ),
    "vics": AboutFormat(
        "JSON of VICS 1 and 2, and of CAID", "Project VIC, police",
        "nothing: numbers of categories differ from country to country",
        "categories: --where category=1,2",
    ),
    "json": AboutFormat(
        "JSON, an array or an object a line", "anybody", _COLUMNS, _ASKED,
    ),
    "stopncii": AboutFormat(
        "JSON of hash records", "StopNCII", "links that are active; the later record holds",
        "states that are not known: --where hashStatus=active",
    ),
    "tat": AboutFormat(
        "JSON of the hash list", "Tech Against Terrorism",
        "digests of pictures that are not deleted; the later record holds",
    ),
    "tat-csv": AboutFormat(
        "the same as a table", "Tech Against Terrorism",
        "digests of pictures that are not deleted; the later record holds",
    ),
    "threatexchange": AboutFormat(
        "JSON of descriptors and of updates", "ThreatExchange",
        "what is MALICIOUS and nobody disputes", "other states: --where status=MALICIOUS",
    ),
    "threatexchange-csv": AboutFormat(
        "data sets of its command line, with names or none", "ThreatExchange",
        "what is not disputed and no negative class", "other classes: --where category=",
    ),
    "te": AboutFormat(
        ".te files, of which the name says the type", "ThreatExchange",
        "digests of pictures and links; labels may dispute them",
    ),
    "local-file": AboutFormat(
        "a type and a value a line", "ThreatExchange", "digests of pictures, and links",
    ),
    "icse": AboutFormat(
        "CSV of ICSE, with names or none", "Interpol, police",
        "MD5 and SHA-1 of pictures in the baseline", "what is not in it: --where baseline=yes",
    ),
    "hashdeep": AboutFormat("output of hashdeep and md5deep", _PROGRAMS, _DIGESTS),
    "cdx": AboutFormat(
        "indexes of web archives (CDX, CDXJ)", "web archives", "links and digests of pictures",
    ),
    "certutil": AboutFormat("output of certutil, in any language", _PROGRAMS, _DIGESTS),
    "get-filehash": AboutFormat("output of Get-FileHash, as a list", _PROGRAMS, _DIGESTS),
    "get-filehash-table": AboutFormat("output of Get-FileHash, as a table", _PROGRAMS, _DIGESTS),
    "fciv": AboutFormat("output of fciv", _PROGRAMS, _DIGESTS),
    "7z-h": AboutFormat("output of 7z h", _PROGRAMS, _DIGESTS),
    "checksums": AboutFormat("output of md5sum, sha256sum and others", _PROGRAMS, _DIGESTS),
    "changes": AboutFormat(
        "lines of + and -, and diffs", "whoever brings a list up to date",
        "what + adds is listed, what - removes is taken back", "the list it changes: --update",
    ),
    "host-rules": AboutFormat(
        "hosts files, rules of ad blockers and name servers", "maintainers of block lists",
        "rules that block a whole host", "--scope host",
    ),
    "csv": AboutFormat(
        "tables: csv, tsv, columns divided by ; | or blanks", "anybody", _COLUMNS, _ASKED,
    ),
    "txt": AboutFormat(
        "a digest or a link a line", "anybody", "every line; titles count for those below",
        "digests of links: --kind url_md5",
    ),
    "parquet": AboutFormat(
        "parquet files", "data teams, Spawning, LAION", _COLUMNS,
        f"{_ASKED}; row hashes: --kind row_hash",
    ),
    "arrow": AboutFormat("Arrow files, Feather 2", "data teams", _COLUMNS, _ASKED),
    "arrow-stream": AboutFormat("Arrow streams", "data teams", _COLUMNS, _ASKED),
    "xlsx": AboutFormat("sheets of Excel (extra [sheets])", "anybody", _COLUMNS, _ONE_SHEET),
    "ods": AboutFormat("sheets of LibreOffice (extra [sheets])", "anybody", _COLUMNS, _ONE_SHEET),
}  # fmt: skip
PACKED = {
    "gzip": AboutFormat("any of these, packed with gzip", "anybody", "what is in it"),
    "bzip2": AboutFormat("the same with bzip2", "anybody", "what is in it"),
    "xz": AboutFormat("the same with xz", "anybody", "what is in it"),
    "zstd": AboutFormat("the same with zstd", "anybody", "what is in it"),
    "zip": AboutFormat("a zip archive of any", "anybody", "its only member", _ONE_MEMBER),
}
"""What any list may be packed in; it is known by itself, and no name for `--format`."""


def about_format(form: object, name: str) -> AboutFormat:
    """What is said of a format here, else its docstring."""
    return ABOUT.get(name) or AboutFormat(
        (type(form).__doc__ or name).split("\n")[0].rstrip("."), "", ""
    )


@dataclass(frozen=True)
class KnownFormat(Tabled):
    """A format, or what lists may be packed in (`packing`), of which `--format` takes no name.

    `reads` is what is read, `sender` who sends it, `default` what is taken if nothing is said,
    `choose` what may have to be said, or empty.
    """

    name: str
    reads: str
    sender: str
    default: str
    choose: str = ""
    packing: bool = False


@dataclass(frozen=True)
class SampleFile(Tabled):
    """A sample: its `format`, the `path` of the file that was written (or None), and its `data`.

    `options` are those of `lists add` that it needs, `ends_in` how its name must end, where that
    says of what its values are.
    """

    format: str
    path: Path | None
    options: str
    data: bytes = field(repr=False)
    ends_in: str = ""


def formats(file_format: str | None = None) -> Results[KnownFormat]:
    """Which formats of lists are read, what is taken by default, and what must be chosen.

    Args:
        file_format: Only this one.

    Returns:
        The formats in the order in which a file is tried, then what a list may be packed in.

    Raises:
        InputError: For a name that is none.
    """
    known = _known()
    if file_format is None:
        return known
    found = [x for x in known if x.name == file_format]
    if not found:
        raise _no_such(file_format, [x.name for x in known])
    return Results(found)


def _no_such(file_format: str, names: Iterable[str]) -> InputError:
    near = difflib.get_close_matches(file_format, names, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    return InputError(f"--format {typed(file_format)}: {hint}choose one of {', '.join(names)}")


def _known() -> Results[KnownFormat]:
    by_name = {f.name: f for some in (FORMATS, TABLES, DOCUMENTS) for f in some}
    found = [(name, about_format(by_name[name], name), False) for name in readable()]
    found += [(name, about, True) for name, about in PACKED.items()]
    return Results(
        KnownFormat(name, a.reads, a.sender, a.default, a.choose, packing)
        for name, a, packing in found
    )


def sample(file_format: str, out: AnyPath | None = None) -> SampleFile:
    """Make a small file of any format, of made values under example hosts.

    Args:
        file_format: A format, or what lists may be packed in, as `formats` names them.
        out: The file to write, which must not be there; needed for what is no text.

    Returns:
        The sample, and the options that `add` needs for it.

    Raises:
        InputError: For a format of which there is no sample, and for no text without a file.
        OutputError: When the file cannot be written.
    """
    if file_format not in SAMPLES:
        raise _no_such(file_format, SAMPLES)
    made = SAMPLES[file_format]()
    path = None if out is None else as_path(out)
    if path is None and not made.is_text:
        raise InputError(
            f"--format {file_format}: is no text; say --out FILE, such as list{made.suffix}"
        )
    if path is not None:
        if path.exists() or path.is_symlink():
            raise InputError(f"{shown(path)}: is there already; name a new file")
        with atomic_write(path) as part:
            part.write_bytes(made.data)
    ends_in = made.suffix if made.is_text and made.suffix.count(".") > 1 else ""
    return SampleFile(file_format, path, " ".join(made.args), made.data, ends_in)
