"""Folders in which files lie, as paths name them: `removed/b.jpg`, `known_good/c.jpg`.

Nobody here can say whether who lists the files called a folder so, or whose disk they were found
on: the curator says `--ignore folders` where they decide nothing. In exports of programs for
evidence `Deleted` tells of a file on its disk, and of no record.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from relaion.errors import ListError
from relaion.lists.readers import why
from relaion.lists.readers.format import OF_FOLDERS, Options
from relaion.lists.readers.lines import titles
from relaion.lists.readers.vocabulary.names import squeezed
from relaion.lists.readers.vocabulary.patterns import pattern
from relaion.lists.readers.vocabulary.spelling import words_in
from relaion.lists.values import told_words

_OFTEN = words_in("{titles_doubted} {headings_set_apart} test tests") - words_in(
    "wrong wrongly incorrect incorrectly"
)
_HOSTS = words_in("{taken_down_by_hosts}")
"""Folders of all kinds are called so: `old`, `archive`."""
CHOICE = "say --ignore folders if folders decide nothing, else leave those lines out in a copy"


@lru_cache(4096)
def is_of_other(folder: str) -> bool:
    """Whether a folder's name says of its files that they are listed no longer, or no pictures."""
    return any(titles.of_words(part) in titles.TAKES_OUT for part in re.split(r"[/\\]+", folder))


def folder_of(path: str) -> str:
    """The folder of a path; empty for the name of a file, and for a link."""
    end = max(path.rfind("/"), path.rfind("\\")) + 1
    return path[:end] if "://" not in path else ""


@lru_cache(4096)
def undone_in(folder: str, *, is_good: bool = False) -> str | None:
    """The part of a folder's name by which its files may not be listed; None for any other."""
    for part in re.split(r"[/\\]+", folder):
        says = titles.of_words(re.sub(r"[\W_]+", " ", part)) if part else None
        if isinstance(says, titles.Doubt):
            is_undone = says.word not in _OFTEN and _HOSTS.isdisjoint(titles.units_of(part))
        else:
            is_undone = says in why.UNDOES and not (is_good and says == why.GOOD)
        if is_undone:
            return part
    return None


@dataclass
class FoldersOfFiles:
    """The folders in which the files of a list lie, as programs name them beside digests.

    `n_other` are the files of which they only hint that they are listed no longer, or no pictures.
    """

    options: Options
    n_other: int = 0

    def meet(self, paths: Iterable[str]) -> None:
        """Take in paths; raises ListError for folders by which files may not be listed."""
        held = Counter(filter(None, map(folder_of, paths)))
        undone = Counter[str]()
        for folder, n in held.items():
            self.n_other += n * (not self.options.is_good and is_of_other(folder))
            if part := undone_in(folder, is_good=self.options.is_good):
                undone[part] += n
        if undone and OF_FOLDERS not in self.options.ignore:
            raise ListError(
                f"{undone.total():,} of its files lie in folders that may say that they are not "
                f"listed ({told_words(undone)}): {CHOICE}"
            )

    def notices(self) -> list[str]:
        """What is told of them once all were met."""
        return [
            "files that lie in folders called as what is listed no longer, or is of no pictures: "
            f"{self.n_other:,}; check whether they are listed"
        ] if self.n_other else []  # fmt: skip


_ERASED = words_in("{erased}")
_OF_DISK = pattern("columns.of_disk")


def is_of_disk(name: str) -> bool:
    """Whether a column tells of files as they lie on a disk, as programs for evidence export."""
    return _OF_DISK.fullmatch(squeezed(name)) is not None


def says_erased(name: str, word: str) -> bool:
    """Whether a column by its name, or one of its words, tells that something was deleted."""
    told = {squeezed(name).removeprefix("is").removeprefix("file"), squeezed(word)}
    return not told.isdisjoint(_ERASED)
