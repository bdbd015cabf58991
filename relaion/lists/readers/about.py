"""What each format is, for people: what is read, who sends it, what counts, and what is asked.

A format may have an `about` of its own; of those without one these words tell.
"""

from __future__ import annotations

from dataclasses import dataclass


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
    """What a format says of itself, else what is said of it here, else its docstring."""
    own = getattr(form, "about", None)
    if isinstance(own, AboutFormat):
        return own
    told = ABOUT.get(name)
    return told or AboutFormat((type(form).__doc__ or name).split("\n")[0].rstrip("."), "", "")
