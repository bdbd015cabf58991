"""What a file is: one of known good, one that is refused for what it is, or of a format.

The first format that is sure reads the file: documents (XML and JSON whose records have a meaning
of their own), then tables that are no text. What none of them knows is read as text.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from relaion.errors import InputError, ListError
from relaion.lists.readers.containers.apart import NATIVE
from relaion.lists.readers.documents.document import DocumentFormat
from relaion.lists.readers.documents.json_list import JSON_START, JsonList
from relaion.lists.readers.documents.json_pages import (
    StopNcii,
    TechAgainstTerrorism,
    ThreatExchange,
)
from relaion.lists.readers.documents.misp import Misp
from relaion.lists.readers.documents.ncmec import Ncmec
from relaion.lists.readers.documents.stix import Stix
from relaion.lists.readers.documents.stix_entries import StixPatterns
from relaion.lists.readers.documents.vics import Vics
from relaion.lists.readers.format import (
    Batch,
    Format,
    Maybe,
    Options,
    Stream,
    Sure,
)
from relaion.lists.readers.lines.cdx import Cdx
from relaion.lists.readers.lines.changes import Changes, unreadable_changes
from relaion.lists.readers.lines.checksums import Checksums
from relaion.lists.readers.lines.content import first_lines
from relaion.lists.readers.lines.listings import git_log, git_objects, settings
from relaion.lists.readers.lines.mail import is_mail
from relaion.lists.readers.lines.plain import Lines
from relaion.lists.readers.lines.programs import HASHDEEP, PROGRAMS
from relaion.lists.readers.lines.rules import HostRules
from relaion.lists.readers.tables.icse import Icse
from relaion.lists.readers.tables.misp_csv import MispCsv
from relaion.lists.readers.tables.rows import TableSource
from relaion.lists.readers.tables.table import Table
from relaion.lists.readers.tables.valued_tables import VALUED_TABLES
from relaion.lists.readers.vocabulary.names import DECIDING, FILE_NAME, read_name, squeezed
from relaion.lists.values import shape, told
from relaion.paths import typed

DOCUMENTS: Sequence[DocumentFormat] = (
    Ncmec(),
    Misp(),
    Stix(),
    StopNcii,
    TechAgainstTerrorism,
    ThreatExchange,
    Vics(),
    JsonList(),  # the last, as it takes any JSON
)
TABLES: Sequence[TableSource] = (*NATIVE,)


def document_format(head: str, file_name: str, forced: str | None) -> DocumentFormat | None:
    """The format of a document: the one that the curator named, else the first that is sure."""
    if forced is not None:
        return next((f for f in DOCUMENTS if f.name == forced), None)
    return next((f for f in DOCUMENTS if f.sniff(head, file_name)), None)


def table_source(head: str, file_name: str, forced: str | None) -> TableSource | None:
    """The kind of table that a file is: the one that the curator named, else the first sure."""
    if forced is not None:
        return next((t for t in TABLES if t.name == forced), None)
    return next((t for t in TABLES if t.sniff(head, file_name)), None)


# -- Records whose fields stand a line each ----------------------------------------------------

_PAIR = re.compile(r"\s*([^\W\d][\w .-]{0,30}?)\s*[:=](?!//)\s*(\S.*?)\s*")


def refuse_fields(head: str) -> None:
    """Raise ListError for records whose fields stand a line each, where one of them decides."""
    lines = first_lines(head, 200)
    pairs = [(squeezed(f[1]), f[2]) for line in lines if (f := _PAIR.fullmatch(line))]
    found, of_values = Counter(key for key, _ in pairs), Counter(k for k, v in pairs if shape(v))
    n = max(of_values.values(), default=0)
    decide = [
        key for key, times in found.items()
        if not of_values[key] and times * 3 >= n * 2
        and read_name(key).what in (*DECIDING, FILE_NAME)
    ]  # fmt: skip
    is_known = {"algorithm", "hash"} <= found.keys()  # as `Get-FileHash` prints it
    if n and decide and not is_known and len(pairs) * 2 > len(lines):
        raise ListError(
            f"holds records whose fields stand a line each ({', '.join(map(told, decide[:5]))}); "
            "export them as csv, a record a row"
        )


# -- Files that are known for what they are and not read -------------------------------------------

_LINES = 400


@dataclass(frozen=True)
class Foreign:
    """A format that is recognised. `knows` gives what it is called, or None."""

    name: str
    knows: Callable[[str, str], str | None]
    advice: str

    def sniff(self, head: str, file_name: str) -> Sure | Maybe | None:
        """Sure where it is known."""
        return Sure() if self.knows(head, file_name) else None

    def read(self, stream: Stream, options: Options) -> Iterator[Batch]:
        """Raises ListError: what it is, and what to do."""
        what = self.knows(stream.head, stream.file_name)
        raise ListError(f"is {what or self.name}; {self.advice}")


# -- XML and JSON ------------------------------------------------------------------------------
#
# They are known by their structure: behind a byte order mark, in UTF-16, with comments and without
# a declaration. Read as lines they would give up what they mark as withdrawn or as good.

_COMMENT = re.compile(r"\s*(?:<!--.*?-->|/\*.*?\*/|//[^\n]*\n|<\?.*?\?>|<!DOCTYPE[^>]*>)", re.S)
_TAG = re.compile(r"\s*<([A-Za-z_][\w.-]*(?::[\w.-]+)?)(?:\s[^<]*?)?/?>", re.S)
_ROOTS = (
    ("hashsharing|queryResult", "hash sharing of NCMEC, cut off or within another XML"),
    ("STIX_Package|stix", "STIX 1 (XML)"),
    ("ioc|OpenIOC", "an OpenIOC file (XML)"),
    ("html|body|head|table|div", "an HTML page"),
    ("rss|feed|RDF", "a news feed (XML)"),
    ("Observables|cybox", "CybOX (XML)"),
    ("urlset|sitemapindex", "a sitemap (XML)"),
    ("Workbook", "a spreadsheet in XML"),
)
_JSON_KINDS = (
    (r'"odata\.metadata"|"@odata\.context"|"MediaID"', "JSON of Project VIC (VICS, CAID)"),
)


def _after_comments(head: str) -> str:
    at = 0
    while found := _COMMENT.match(head, at):
        at = found.end()
    return head[at : at + 65536].lstrip("\ufeff \t\r\n\v\f\0")


def _xml(head: str, _: str) -> str | None:
    start = head.lstrip("\ufeff \t\r\n\v\f\0")
    if not start.startswith("<"):
        return None
    rest = _after_comments(start)
    tag = _TAG.match(rest)
    if tag is None and not re.match(r"<\?xml|<!DOCTYPE|<!--", start, re.I):
        # a tag that is cut off
        cut = re.fullmatch(r"<[A-Za-z_!?][\w.:-]*(?:\s[^<>]*)?", rest, re.S)
        if cut is None or "://" in rest.split(None, 1)[0]:
            return None
        return "XML"
    root = tag[1].rpartition(":")[2] if tag else ""
    whole = rest[:4000]
    for word, what in _ROOTS:
        if re.fullmatch(word, root, re.I) or (tag and re.search(rf"/(?:{word})\b", whole[:600])):
            return what
    return "XML"


def _json(head: str, _: str) -> str | None:
    rest = _after_comments(head.lstrip("\ufeff \t\r\n\v\f\0"))
    if not JSON_START.match(rest):
        return None
    found = next((what for key, what in _JSON_KINDS if re.search(key, rest)), None)
    return found or ("JSON, an object a line" if _is_jsonl(rest) else "JSON")


def _is_jsonl(text: str) -> bool:
    lines = text.split("\n")[:5]
    return len(lines) > 1 and all(x.startswith("{") and x.rstrip().endswith("}") for x in lines[:2])


def is_marked_up(head: str) -> bool:
    """Whether a file begins as XML or JSON does."""
    return bool(_xml(head, "") or _json(head, ""))


# -- Texts that are no list -------------------------------------------------------------------

_SQL = re.compile(
    r"(?i)(?:insert\s+(?:or\s+\w+\s+)?into|create\s+(?:table|view|index)|delete\s+from|drop\s+table"
    r"|update\s+\S+\s+set|begin(?:\s+transaction)?\s*;|pragma\s|commit\s*;)"
)
_COPY = re.compile(r"(?im)^copy\s+\S+\s.*from\s+stdin\s*;")
_COUNTED = re.compile(r"[0-9A-Fa-f]{32}(?:[0-9A-Fa-f]{8})?:\d{1,12}")
_DIGEST, _SIZE = r"[0-9A-Fa-f]{32}(?:[0-9A-Fa-f]{8}(?:[0-9A-Fa-f]{24})?)?", r"(?:\d{1,12}|\*)"
_OF_CLAMAV = re.compile(rf"(?:{_DIGEST}:{_SIZE}|{_SIZE}:{_DIGEST}):[^:\s]+(?::\d+){{0,2}}")
_COMPOSITE = re.compile(
    r"(?!\w+://)[^|\s][^|]*\.[A-Za-z0-9]{1,5}\|(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})"
)
_CUT = re.compile(r"(?:0x)?[0-9A-Fa-f]{6,31}")
_CLASSES = "POSITIVE_CLASS|NEGATIVE_CLASS|INVESTIGATION_SEED|DISPUTED"
_INTS = re.compile(r"\s*\d{1,3}(?:\s*[,; ]\s*\d{1,3}){143}\s*")


def _mostly(pattern: re.Pattern[str], what: str) -> Callable[[str, str], str | None]:
    """Knows a file of which most lines are such."""

    def knows(head: str, _: str) -> str | None:
        lines = first_lines(head, _LINES)
        n = sum(pattern.fullmatch(line.strip()) is not None for line in lines)
        return what if n * 2 > len(lines) else None

    return knows


def _mail(head: str, _: str) -> str | None:
    return "a mail" if is_mail(head) else None


def _sql(head: str, _: str) -> str | None:
    lines = [line for line in head.split("\n", 200)[:200] if line.strip()]
    is_sql = any(_SQL.match(line.lstrip("( ")) for line in lines[:20])
    return "SQL" if is_sql else None


def _dump(head: str, _: str) -> str | None:
    return "a dump of PostgreSQL" if _COPY.search(head) else None


def _header(head: str) -> set[str]:
    """The cells of the first line, as of a table."""
    line, *_ = [*first_lines(head, 50), ""]
    return set(re.split(r"[,;\t|]", re.sub(r"[\s\"']", "", line).casefold()))


def _prefixes(head: str, _: str) -> str | None:
    """Digits of digests, too few of them, all of one length: of numbers some have no letter."""
    lines = [line.strip().strip(",;\"'") for line in first_lines(head, _LINES)]
    cut = [line for line in lines if _CUT.fullmatch(line)]
    lengths = Counter(map(len, cut))
    n, times = lengths.most_common(1)[0] if lengths else (0, 0)
    letters = sum(re.search("[A-Fa-f]", line) is not None for line in cut)
    is_one = times > 2 and times * 2 > len(lines) and letters * 2 > len(cut)
    return f"a list of digests of {n} digits, prefixes or perceptual hashes" if is_one else None


def _threatexchange(head: str, _: str) -> str | None:
    lines = first_lines(head, 50)
    n = sum(re.search(rf"[,;\t|] *\"?(?:{_CLASSES})\b", line) is not None for line in lines)
    is_one = n * 2 > len(lines)
    return "a data set of ThreatExchange whose columns have no known names" if is_one else None


_NAMED_HASHES = re.compile(r"(?i)(?:.*[_. -])?hashes\.csv(?:\.gz)?")
_HASH_AND_EVENT = re.compile(
    r"\"?[0-9A-Fa-f]{32}\"?,\"?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\"?"
)


def _misp_hashes(head: str, file_name: str) -> str | None:
    """The index of a feed: MD5 of values beside the event in which they stand, often the same."""
    lines = first_lines(head, _LINES)
    found = [f for line in lines if (f := _HASH_AND_EVENT.fullmatch(line.strip()))]
    events = {f[1] for f in found}
    is_one = bool(_NAMED_HASHES.fullmatch(file_name)) or len(events) * 2 <= len(found)
    is_index = found and len(found) * 2 > len(lines) and is_one
    return "the index of a MISP feed (hashes.csv)" if is_index else None


def _misp_text(head: str, _: str) -> str | None:
    is_text = any(_COMPOSITE.fullmatch(line.strip()) for line in first_lines(head, _LINES))
    return "a text of MISP, whose values have lost their types" if is_text else None


_LATER = "export the list as txt or csv, with one column of digests or links"
_XML_ADVICE = "export what is listed as txt or csv; what it marks as withdrawn must stay out"
_JSON_ADVICE = (
    "export what is listed as txt or csv; what it marks as withdrawn or good must stay out"
)
FOREIGN = (
    Foreign("xml", _xml, _XML_ADVICE),
    Foreign("json", _json, _JSON_ADVICE),
    Foreign("mail", _mail, "save what is attached, or copy the list into a file of its own"),
    Foreign("pg-dump", _dump, "export the list as csv"),
    Foreign("sql", _sql, "export the list as csv; of known-good files add it with --role good"),
    Foreign(
        "git",
        git_objects,
        "git hashes a header before a file's bytes, so these are no digests of images; list the "
        "files themselves with md5sum or sha256sum",
    ),
    Foreign(
        "git-log",
        git_log,
        "those are no digests of images; if they are, write # before what stands behind them",
    ),
    Foreign(
        "other-changes",
        unreadable_changes,
        "make it with diff -u, or add the new list itself with --update ID --full",
    ),
    Foreign(
        "settings",
        settings,
        "export the hosts that are blocked as txt, one a line, without those that it lets pass",
    ),
    Foreign(
        "counted",
        _mostly(_COUNTED, "digests with how often they occur, as lists of passwords have"),
        "those are digests of strings; if they are of images, cut the counts off",
    ),
    Foreign(
        "clamav",
        _mostly(_OF_CLAMAV, "a set of signatures of ClamAV (hash:size:name)"),
        "its names say what each is of, and nobody here reads them: export what is listed as txt, "
        "a hash a line",
    ),
    Foreign(
        "photodna",
        _mostly(_INTS, "PhotoDNA hashes, which match no digest of an image's bytes"),
        "ask the giver for MD5, SHA-1 or SHA-256",
    ),
    Foreign(
        "prefixes",
        _prefixes,
        "they name more than what is listed, or match no digest of an image's bytes: ask the giver "
        "for whole MD5, SHA-1 or SHA-256",
    ),
    Foreign(
        "threatexchange-rows",
        _threatexchange,
        "export it with the names of its columns, as `threatexchange dataset -P --csv` does",
    ),
    Foreign(
        "misp-hashes",
        _misp_hashes,
        "those are digests of strings, which no image has; add the events of the feed, or, if they "
        "are digests of images beside ids, say --format csv",
    ),
    Foreign("misp-text", _misp_text, "export the events as JSON, or as csv with their types"),
)

# -- All formats, in the order in which they are asked: the first that is sure reads the file ------

FORMATS: tuple[Format, ...] = (
    HASHDEEP, Cdx(), MispCsv(), StixPatterns(), Icse(), *VALUED_TABLES, *FOREIGN, *PROGRAMS,
    Checksums(), Changes(), HostRules(), Table(), Lines(),
)  # fmt: skip
_FOREIGN = {f.name for f in FOREIGN}


def readable() -> tuple[str, ...]:
    """The names that `--format` takes."""
    named = [f.name for some in (DOCUMENTS, TABLES) for f in some]
    return (*named, *(f.name for f in FORMATS if f.name not in _FOREIGN))


def check_format(name: str | None) -> None:
    """Raise InputError for a name that is none."""
    if name is not None and name not in readable():
        near = difflib.get_close_matches(name, readable(), 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise InputError(f"--format {typed(name)}: {hint}choose one of {', '.join(readable())}")


def choose(head: str, file_name: str, forced: str | None) -> Format:
    """The format of a file: the one that the curator named, else the first sure, else likely."""
    if forced is not None:
        return next(f for f in FORMATS if f.name == forced)
    likely: Format | None = None
    for f in FORMATS:
        found = f.sniff(head, file_name)
        if isinstance(found, Sure):
            return f
        if found is not None and likely is None:
            likely = f
    return likely or FORMATS[-1]
