"""Digests beside the link, or the measures, of a video, which has them: no image does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from relaion.lists.readers.format import VIDEO, Batch, Values
from relaion.lists.readers.vocabulary import names
from relaion.lists.readers.vocabulary.media import media_of_file
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.roles import IMAGE_KINDS


def path_of(name: str) -> str:
    """A name of a file; of a link what stands before its query."""
    return re.split(r"[?#]", name, maxsplit=1)[0] if "://" in name else name


def is_of_film(link: str) -> bool:
    """Whether the path of a link ends in the name of a video."""
    return media_of_file(re.split(r"[?#]", link, maxsplit=1)[0]) == VIDEO


_NAMED_FILM = re.compile(
    r"(?i)\s*(?:(?:an?|the|this|is|known|new|short|full|long|original) )*"
    r"(?:videos?|films?|movies?|(?:video )?clips?|footage|vidéos?|vídeos?|filmati)"
    r"(?: (?:files?|clips?|recordings?|footage))?"
    r"(?:\s*[:,;.–-]|\s+(?:of|showing|with|that|which|depicting|containing|from|de|von|mit|di|van)\b|\s*\Z)"
)


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
    return Batch(n, values, fates=dict.fromkeys(range(n), VIDEO)) if n else None


# -- Measures that only a film has -----------------------------------------------------------------

_MEASURES = words_in("{film_measures}")
_UNITS = words_in("{film_units}")
_NONE = words_in("n/a nan unknown image still stills picture photo none null undefined")
_IMAGE_CODECS = words_in("{image} mjpeg jpegls jpeg2000 targa tga pcx ppm pgm")
_CODECS = words_in(
    "h261 h262 h263 h264 h265 h266 x264 x265 hevc avc avc1 hvc1 hev1 vp6 vp8 vp9 av01 xvid divx "
    "mpeg1 mpeg2 mpeg4 mp4v prores theora wmv3 dnxhd dnxhr matroska quicktime mpegts libx264 "
    "libx265 aac isom mp42 mpeg4part2 mpeg4avc msmpeg4 cinepak sorenson"
)
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
