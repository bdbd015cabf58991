"""Bytes that are no UTF-8 as text that DuckDB takes, and links back to their exact bytes.

A link whose bytes are no UTF-8 becomes U+10FFFF, which stands for no character and never
will, followed by its bytes read as latin-1. So two such links are equal as texts exactly
where their bytes are, and none equals a link that is UTF-8.
"""

import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

MARK = "\U0010ffff"
_MARK_BYTES = MARK.encode()
_BAD_RUN = re.compile("[\udc80-\udcff]+")


def marked(link: bytes) -> str:
    """A link's text: its UTF-8, or U+10FFFF and its bytes as latin-1.

    A link that begins with that very character is marked too, so that `unmarked` is exact.
    """
    try:
        text = link.decode("utf-8")
    except UnicodeDecodeError:
        return MARK + link.decode("latin-1")
    return MARK + link.decode("latin-1") if text.startswith(MARK) else text


def unmarked(link: str) -> str | bytes:
    """The exact bytes that `marked` was given, or the same text for what is not marked.

    A text that begins with U+10FFFF without being made by `marked` stays as it is.
    """
    if not link.startswith(MARK):
        return link
    try:
        return link[1:].encode("latin-1")
    except UnicodeEncodeError:
        return link


def readable(text: bytes) -> str:
    """A caption's text, with one U+FFFD for each run of bytes that are no UTF-8."""
    return _BAD_RUN.sub("\ufffd", text.decode("utf-8", "surrogateescape"))


def is_exact(texts: pa.Array) -> bool:
    """Whether DuckDB reads a text array (as `as_bytes` gives it) as it stands: UTF-8, no mark."""
    if pc.any(pc.starts_with(texts, _MARK_BYTES)).as_py():
        return False
    try:
        pc.cast(texts, pa.large_string())
    except pa.ArrowInvalid:  # its message quotes nothing, and is dropped all the same
        return False
    return True


def as_bytes(values: pa.Array) -> pa.Array:
    """A text or bytes array of any Arrow type as large_binary, nothing interpreted."""
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if isinstance(values, pa.DictionaryArray):
        # texts that are no UTF-8 must not be validated on the way
        values = pc.take(as_bytes(values.dictionary), values.indices)
    return pc.cast(values, pa.large_binary())


def as_text(values: pa.Array, mend: Callable[[bytes], str | None]) -> pa.Array:
    """Bytes as text: UTF-8 as it stands, else what `mend` makes of each value; NULL stays."""
    if is_exact(values):
        return pc.cast(values, pa.large_string())
    mended = [None if value is None else mend(value) for value in values.to_pylist()]
    return pa.array(mended, pa.large_string())
