"""Texts that are signed with PGP."""

import re
from collections.abc import Iterator
from itertools import chain

_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_BLANK_LINE = re.compile(r"\n[ \t]*\n")


def unsigned(source: Iterator[str], notices: list[str]) -> Iterator[str]:
    """The text that a PGP signature stands around; any other text as it is."""
    first = next(source, "")
    if not first.lstrip("\ufeff \n").startswith(_SIGNED):
        yield first
        yield from source
        return
    notices.append("the file is signed with PGP; its signature was not checked")
    _, _, text = first.partition(_SIGNED)
    text = "".join(_BLANK_LINE.split(text, maxsplit=1)[1:])  # behind lines such as `Hash: SHA256`
    for block in chain([text], source):
        kept, end, _ = block.partition(_SIGNATURE)
        yield re.sub("(?m)^- ", "", kept)
        if end:
            return
