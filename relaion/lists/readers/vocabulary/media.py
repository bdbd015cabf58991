"""What a file is of, by its name; and what is of a video: its measures, digests beside its link.

Programs and people put much behind the extension of a name. No image has a length or a codec. Names
of files stand in headings, too (`Thumbs.db and icons`, `from pagefile.sys:`): a dot within a word
is a sign of hosts, and lines that hold one are no titles. The name of a file that is no picture is
none of a host, so what stands beside it is read as the heading's words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from relaion.lists.readers import why
from relaion.lists.readers.format import Batch, Values
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.roles import IMAGE_KINDS

_FILM = words_in("{film_files}")
_OTHER = words_in("{other_media} dylib ko ocx class sh ods epub ini lnk inf msi cab cfg mui") - {
    "bin"
}
_IMAGE = words_in("{image}")
_KNOWN = _FILM | _OTHER | _IMAGE | {"bin"}  # pictures carved from a disk are called so, too
_END = re.compile(r"\.([A-Za-z0-9-]{1,6})\Z")
_BEHIND = re.compile(
    r"(?i)(?:\s*\(\d+\)|\s*\[\d+\]|\s+-?\s*(?:copy|kopie|copie|copia)(?:\s*\(?\d+\)?)?|[~\s\"'»”,;)\]}>]"
    r"|\.(?:part|crdownload|tmp|temp|bak|backup|old|orig|original|download|filepart|partial|opdownload"
    r"|incomplete|!ut|aria2|\d{1,3}))\Z"
)
_LITTER = re.compile(r"(?i)(?:\A|[/\\])(?:desktop\.ini|thumbs\.db|\.ds_store|\.localized)\Z")
_LAYERS = 6  # `b.mp4.part (1)`


def _extension(name: str) -> str:
    """The extension that is known, behind whatever; empty for none. A number has none."""
    for _ in range(_LAYERS):
        end = _END.search(name)
        word = end[1].casefold() if end else ""
        if word in _KNOWN and (not word.isdigit() or re.search(r"[^\W\d]", name)):
            return word
        bare = _BEHIND.sub("", name)
        if bare == name:
            break
        name = bare
    return ""


def media_of_file(name: str) -> str | None:
    """Why the digest of a file of this name is of no image; None where it may be of one."""
    if _LITTER.search(name):
        return why.NO_IMAGE
    word = _extension(name) if "." in name else ""
    return why.VIDEO if word in _FILM else why.NO_IMAGE if word in _OTHER else None


_PLAIN = frozenset((".jpg", ".png", "jpeg", ".gif", "webp"))
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp")
_PLAIN_PICTURES = re.compile(r"(?:[^\n/\\]*\.(?:jpe?g|png|gif|webp)(?:\n|\Z))*+")


def is_plain_picture(name: str) -> bool:
    """Whether a name is that of a picture and of no folder: a quick look, which may miss some."""
    return name.endswith(_PICTURES) and "/" not in name and "\\" not in name


def are_plain_pictures(names: Iterable[str]) -> bool:
    """Whether all of many names are such."""
    return _PLAIN_PICTURES.fullmatch("\n".join(names)) is not None


_NOTED = re.compile(r"(?s).*?\.[A-Za-z0-9]{2,5}(?=[\s#;|(\[,])[\s#;|(\[,–—-]*(.*)")


def note_of_file(name: str) -> str:
    """What stands behind the name of a file and is no part of it; empty for nothing."""
    found = None if name[-4:].lower() in _PLAIN else _NOTED.match(name)
    return found[1] if found and not is_name_of_media(found[1]) else ""


def is_name_of_media(name: str) -> bool:
    """Whether the name of a file ends in an extension that is known, of a picture or not."""
    end = _END.search(name.rstrip())
    return end is not None and end[1].casefold() in _KNOWN


_OF_OTHER_HASH = re.compile(
    rf"(?i)\.(?:{pattern('algorithms.in_titles').pattern}|b2|b3|tth|ed2k|xxh\w*)(?:\.(?:txt|csv|gz))*\Z"
)


def is_of_other_hash(file_name: str) -> bool:
    """Whether the end of a list's name is that of an algorithm that is not read: `files.b3`."""
    return _OF_OTHER_HASH.search(file_name) is not None


def path_of(name: str) -> str:
    """A name of a file; of a link what stands before its query."""
    return re.split(r"[?#]", name, maxsplit=1)[0] if "://" in name else name


def is_of_film(link: str) -> bool:
    """Whether the path of a link ends in the name of a video."""
    return media_of_file(re.split(r"[?#]", link, maxsplit=1)[0]) == why.VIDEO


_NAMED_FILM = pattern("notes.named_film")


def is_named_film(text: str) -> bool:
    """Whether the description of a file begins by calling it a video; a still of one is none."""
    return _NAMED_FILM.match(text) is not None


def rows_of_films(links: Mapping[int, Sequence[str]], at: int) -> set[int]:
    """The rows whose links in other columns than `at` are all of videos."""
    others = [column for i, column in links.items() if i != at]
    return {
        i for i, row in enumerate(zip(*others, strict=True))
        if any(row) and all(is_of_film(link) for link in row if link)
    }  # fmt: skip


def left_out(digests: Sequence[str]) -> Batch | None:
    """Digests of videos as records of their own; None for none."""
    n = len(digests)
    values = [Values(IMAGE_KINDS, digests, range(n))]
    return Batch(n, values, fates=dict.fromkeys(range(n), why.VIDEO)) if n else None


# -- Measures that only a film has -----------------------------------------------------------------

_MEASURES = words_in("{film_measures}")
_UNITS = words_in("{film_units}")
_NONE = words_in("n/a nan unknown image still stills picture photo none null undefined")
_IMAGE_CODECS = words_in("{image} mjpeg jpegls jpeg2000 targa tga pcx ppm pgm")
_CODECS = words_in("{codecs}")
_FIGURE = re.compile(r"(\d+(?:[.,]\d+)?)\s*[a-z/]*")
_LEAST = 0.1  # of a second, which programs give a picture


def is_measure(name: str) -> bool:
    """Whether a column by its name holds what only a film has: how long it is, how it is coded."""
    told = names.words_of(name)
    bare = [word for word in told if word not in _UNITS]
    is_one = names.squeezed(name) in _MEASURES or told == ("length", "s")
    return is_one or (bool(bare) and "".join(bare) in _MEASURES)


def names_codec(cell: str) -> bool:
    """Whether a cell is the name of a codec or a container of films."""
    return len(cell) < 20 and names.squeezed(cell) in _CODECS


def measures_film(cell: str) -> bool:
    """Whether a cell of such a column holds a measure; pictures have none, naught, or one frame."""
    plain = cell.strip().casefold()
    if not plain or plain in _NONE or names.squeezed(plain) in _NONE:
        return False
    if found := _FIGURE.fullmatch(plain):
        n = float(found[1].replace(",", "."))
        return n > _LEAST and not (n == 1 and plain.isdigit())
    if any(map(str.isdigit, plain)) and not re.match(r"[a-z]{2}", plain):  # `00:01:20`, `25/1`
        return re.search("[1-9]", plain) is not None
    words_of = set(re.findall(r"[a-z0-9]+", plain))
    return bool(words_of) and words_of.isdisjoint(_IMAGE_CODECS)


_FILE = re.compile(r"(?<![\w./])[\w-]+\.([A-Za-z][A-Za-z0-9]{1,3})(?=[\s,;)]|\Z)")
_LONGEST = 1000  # characters: no title is so long, whatever names are left out of it
_LISTS = words_in("txt csv tsv md json xml xls xlsx doc docx pdf html htm zip gz tar")
_MADE_BY_SYSTEMS = re.compile(
    r"(?i)(?<![\w./])(?:thumbs\.db|desktop\.ini|\.ds_store)(?=[\s,;):]|\Z)"
)


def names_litter(text: str) -> bool:
    """Whether a short text names files that a system makes by itself, and that list nothing."""
    return _MADE_BY_SYSTEMS.search(text) is not None and re.search(r"[0-9A-Fa-f]{16}", text) is None


def without_files(text: str, *, is_heading: bool) -> str:
    """A heading without the names in it of files that are no pictures.

    Where it is nothing else, and bears a heading's sign, the first name is kept without its end.
    """
    if len(text) > _LONGEST:
        return text
    found = [f[0] for f in _FILE.finditer(text) if _is_no_picture(f)]
    if not found or re.search(r"[/\\]", text):
        return text
    rest = _FILE.sub(lambda f: " " if _is_no_picture(f) else f[0], text)
    if re.search(r"[^\W\d_]{2}", rest):
        return re.sub(r"\s+", " ", rest).strip()
    return f"{found[0].partition('.')[0]} files" if is_heading else text


def _is_no_picture(found: re.Match[str]) -> bool:
    """Whether a name is that of no picture, and of no list that may be told of."""
    return found[1].casefold() not in _LISTS and media_of_file(found[0]) is not None
