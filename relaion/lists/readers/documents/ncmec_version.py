"""Of which version an XML of NCMEC's hash sharing is, and whether it lists entries at all."""

from __future__ import annotations

import re

from relaion.errors import ListError
from relaion.lists.readers.documents import xml_text
from relaion.lists.readers.format import Options
from relaion.lists.values import told
from relaion.roles import IMAGE_KINDS

NAME = "ncmec"
ROOT = "queryresult"
_SPACE = re.compile(r"https?://hashsharing\.ncmec\.org/hashsharing/v2/?")
_VERSION = re.compile(r"/v(\d[\w.]*)/?$")
_ANSWERS = {
    "status": "tells who asked",
    "availablecategorizations": "lists categorizations",
    "availablefeedbackreasons": "lists reasons of feedback",
}


def space_of(head: str, options: Options) -> str:
    """The name space of a file of version 2; raises ListError for any other."""
    if options.is_good:
        raise ListError(
            "is hash sharing of NCMEC, which lists what is bad, and --role good is for what is "
            "known good: add it without --role good"
        )
    if options.kind not in (None, *IMAGE_KINDS):
        raise ListError(
            f"is hash sharing of NCMEC, which holds no {options.kind} but digests of images; leave "
            "--kind and --scope out"
        )
    if options.columns:
        raise ListError(
            "--column: hash sharing of NCMEC has no columns; its elements are named, and read"
        )
    root = xml_text.root_of(head)
    if root is None:
        raise ListError("is no valid XML; ask the giver for the file as it was exported")
    space, name = root
    if _SPACE.fullmatch(space):
        if name.casefold() != ROOT:
            what = _ANSWERS.get(name.casefold(), "is no list of entries")
            raise ListError(
                f"is an answer of NCMEC's hash sharing that {what} ({told(name)}), not the "
                "entries; fetch those"
            )
        return space
    if not space and options.file_format == NAME:
        return space
    if not space:
        raise ListError(
            "looks like hash sharing of NCMEC and does not say of which version it is (its name "
            "space is missing); if it is of version 2, say --format ncmec"
        )
    version = _VERSION.search(space)
    which = (
        f"version {version[1]}" if version else f"another version ({xml_text.told_space(space)})"
    )
    raise ListError(
        f"is hash sharing of NCMEC of {which}, of which version 2 can be read; ask for version 2"
    )
