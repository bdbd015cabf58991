"""Keyword files: one word or phrase a line. As secret as lists: never echoed, never in an OUT."""

import codecs
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from relaion.engine import connect
from relaion.errors import InputError
from relaion.links.unseen import BLANK, CONTROL, trim

_ENDS = BLANK | CONTROL  # of a line


@dataclass(frozen=True)
class Keywords:
    """The words of a file, and the SHA-256 of its bytes (public only as an HMAC).

    `raw` are these bytes: the file may be another one by the time that the run is checked.
    """

    words: tuple[str, ...]
    sha256: str
    raw: bytes = field(default=b"", repr=False)


def read_keywords(path: Path) -> Keywords:
    """Read UTF-8 lines, with or without BOM; blank lines and `#` comments are passed over.

    Blanks and what nobody sees at the ends of a line do not count.
    Raises InputError for a file that cannot be read, is not UTF-8 or holds no word.
    """
    try:
        raw = path.read_bytes()
        text = raw.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except OSError as e:
        raise InputError(f"{path}: cannot be read ({e.strerror}); check --keywords") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    lines = (trim(line, _ENDS) for line in text.splitlines())
    words = tuple(dict.fromkeys(w for w in lines if w and not w.startswith("#")))
    if not words:
        raise InputError(
            f"{path}: holds no keyword; write one a line, or leave out --keywords to switch "
            "the rule off"
        )
    return Keywords(words, hashlib.sha256(raw).hexdigest(), raw)


def write_keywords(work: Path, keywords: Keywords) -> None:
    """Leave the words where shard tasks read them, in the private work folder."""
    with connect() as engine:
        engine.execute("create temp table keywords (keyword varchar)")
        engine.insert("keywords", pa.table({"keyword": list(keywords.words)}))
        engine.write_parquet("from keywords", work / "keywords.parquet")
