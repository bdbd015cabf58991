"""Digests that stand beside the link of a video, which has them: no image does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from relaion.lists.readers.format import VIDEO, Batch, Values
from relaion.lists.readers.media import media_of_file
from relaion.roles import IMAGE_KINDS


def path_of(name: str) -> str:
    """A name of a file; of a link what stands before its query."""
    return re.split(r"[?#]", name, maxsplit=1)[0] if "://" in name else name


def is_of_film(link: str) -> bool:
    """Whether the path of a link ends in the name of a video."""
    return media_of_file(re.split(r"[?#]", link, maxsplit=1)[0]) == VIDEO


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
