"""Lists that say of themselves that they name what is known good, by a name, a title or a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from relaion.errors import ListError
from relaion.lists.readers.containers.text import first_lines
from relaion.lists.readers.format import GOOD, OF_NAME, Options
from relaion.lists.readers.lines import titles
from relaion.lists.readers.vocabulary.media import is_name_of_media, media_of_file
from relaion.lists.readers.vocabulary.names import squeezed

_NSRL = "known-good software hashes (NSRL)"
# squeezed names of columns, by what they tell of a file that belongs to a piece of software
_OF_PRODUCT = re.compile(
    r"(?:product|produkt|producto|prodotto|produit|package|paket|paquet|paquete|pacchetto|application"
    r"|applicazione|anwendung|mfg|manufacturer|hersteller|fabricant|special)(?:code|id|name|version|type)?"
)
_OF_SYSTEM = re.compile(
    r"(?:opsystem|operatingsystem|betriebssystem|os|systemeexploitation|sistemaoperativo)"
    r"(?:code|id|name|version)?"
)
_OF_FILE = re.compile(
    r"(?:file|path|datei|fichier|archivo|nomfichier)?(?:name|path)s?|dateiname|nomfichier"
)
_SOURCE = re.compile(
    r"source|origin|provider|hashset|set|setname|list|listname|dataset|database|db|quelle|herkunft"
    r"|fuente|origine|fonte|bron"
)


def refuse_good(head: str, file_name: str, options: Options, *, is_delta: bool = False) -> None:
    """Raise ListError where a file says that it names what is known good, and nobody said so.

    `--role good` takes it as that, `--role bad` as a list like any other. Of a list of changes
    (`is_delta`) a title takes back what stands below it, as the word in a column does.
    """
    if options.role is not None:
        return
    found = _good_table(head) or (None if is_delta else _good_words(head, file_name, options))
    if found:
        raise _is_good(found)


def refuse_good_table(rows: Sequence[Sequence[str]], options: Options) -> None:
    """The same by the first rows of a table, the first of which names its columns."""
    head = "\n".join("\t".join(re.sub(r"[\t\n,;|]", " ", cell) for cell in row) for row in rows)
    if options.role is None and (found := _good_table(head)):
        raise _is_good(found)


def _is_good(what: str) -> ListError:
    return ListError(
        f"{what}: add it with --role good, so that it removes nothing; if it is listed material "
        "after all, say --role bad"
    )


def _good_table(head: str) -> str | None:
    """What a table of software is called, by the names or the values of its columns."""
    if _are_of_system(head):
        return "names files of an operating system or of programs, which are known good to all"
    rows = [re.split(r"[,;\t|]", line[:4096].strip().strip("|")) for line in first_lines(head, 200)]
    rows = [[cell.strip("\"' ") for cell in row] for row in rows]
    for at, row in enumerate(rows[:20]):
        told = [squeezed(cell) for cell in row]
        if any(map(_HASHLOOKUP.match, row)):
            return "known-good software hashes (hashlookup)"
        if found := _good_names(told, rows[at + 1 :]):
            return found
        if _are(rows[at + 1 :], told, _OF_FILE, _is_picture):
            return None
    bare = sum(map(_is_of_software, rows))
    return _NSRL if bare and bare * 2 > len(rows) else None


_HASHLOOKUP = re.compile(
    r"(?i)hashlookup[:_-]\w"
)  # a field of its own; `Hash Lookup` is a program's
_OF_SYSTEMS = re.compile(
    r"(?i)(?:[a-z]:|(?<=[\s*\"']))?\\(?:windows\\(?!temp\\)|program files(?: \(x86\))?\\)"
    r"|[a-z]:/(?:windows/(?!temp/)|program files(?: \(x86\))?/)"
    r"|/usr/(?:share/(?!nginx|apache)|lib(?:32|64|exec)?/|s?bin/|include/)|(?<![\w.])/s?bin/\w"
    r"|/System/Library/|/Library/(?:Desktop|Screen|User) Pictures/|/Applications/[^/]+\.app/"
    r"|(?:^|[\s/\\*,;(\"'])(?:node_modules|site-packages|dist-packages)[/\\]"
)
_HELD = re.compile(
    r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})(?![0-9A-Fa-f])"
)


_OF_PACKAGES = re.compile(r"(?i)(?:node_modules|site-packages|dist-packages)[/\\]")
_OF_USER = re.compile(r"(?i)/home/|[/\\]users[/\\]|/root/")


def _is_of_system(line: str) -> bool:
    """Whether a line holds such a path; what lies among the files of a user is the user's."""
    of = _OF_PACKAGES if _OF_USER.search(line) else _OF_SYSTEMS
    return "://" not in line and of.search(line) is not None


def _are_of_system(head: str) -> bool:
    """Whether most digests stand beside paths on which systems and programs keep their own."""
    held = [line[:4096] for line in first_lines(head, 200) if _HELD.search(line[:4096])]
    n = sum(_is_of_system(line) for line in held)
    return n > 1 and n * 2 > len(held)


def _good_names(told: list[str], rows: list[list[str]]) -> str | None:
    if not any(
        re.fullmatch(r"(?:file|datei)?(?:md5|sha1|sha256)(?:hash|sum)?|hash", n) for n in told
    ):
        return None
    system, name = (any(map(p.fullmatch, told)) for p in (_OF_SYSTEM, _OF_FILE))
    product = [i for i, n in enumerate(told) if _OF_PRODUCT.fullmatch(n)]
    # programs that hash files leave the version of a product empty beside pictures
    is_told = not rows or any(row[i] for i in product for row in rows if i < len(row))
    if product and is_told and (system or name or "crc32" in told or len(product) > 1):
        return _NSRL
    if "crc32" in told and name and not _are(rows, told, _OF_FILE, _is_picture):
        return _NSRL
    if _are(rows, told, _SOURCE, titles.says_good):
        return "a list whose source is one of what is known good"
    return None


def _is_picture(file_name: str) -> bool:
    return is_name_of_media(file_name) and media_of_file(file_name) is None


def _are(
    rows: list[list[str]], told: list[str], of: re.Pattern[str], says: Callable[[str], bool]
) -> bool:
    """Whether most cells of a column say so, whose name is `of` something."""
    for i in [i for i, name in enumerate(told) if of.fullmatch(name)]:
        cells = [row[i] for row in rows if i < len(row) and row[i]]
        if cells and sum(map(says, cells)) * 2 > len(cells):
            return True
    return False


def _is_of_software(row: list[str]) -> bool:
    """Whether a row without names is one of NSRL: digests, a CRC-32, a file, and its size."""
    n = sum(
        re.fullmatch(r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}", c) is not None for c in row
    )
    crc = any(re.fullmatch(r"[0-9A-Fa-f]{8}", cell) for cell in row)
    return n > 1 and crc and len(row) >= n + 3 and any(cell.isdigit() for cell in row)


def _good_words(head: str, file_name: str, options: Options) -> str | None:
    if OF_NAME not in options.ignore and (
        titles.says_good(re.sub(r"[\W_]+", " ", file_name)) or titles.of_name(file_name) == GOOD
    ):
        return "the file's name says that it lists what is known good"
    has_value = False
    for line in head.split("\n", 50)[:50]:
        bare = line.strip().strip("\ufeff")
        is_row = bare.startswith(";") and bare.count(";") > 2  # whose first cell is empty
        is_comment = bare.startswith(("#", "//", ";", "!", "%")) and not is_row
        is_title = titles.title_of(bare) == GOOD
        has_value = has_value or not (is_comment or is_title or not bare)
        if has_value and is_title:
            continue  # of a section: its lines are told apart
        if is_title or (is_comment and titles.says_good(bare)):
            what = "comment" if is_comment else "title"
            return f"a {what} in it says that it lists what is known good"
    return None
