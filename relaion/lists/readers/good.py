"""Lists that say of themselves that they name what is known good, and would remove the innocent."""

import re

from relaion.errors import ListError
from relaion.lists.readers.format import Options
from relaion.lists.readers.names import squeezed
from relaion.lists.readers.rows import content

_TABLES = (
    ({"productcode", "opsystemcode"}, "known-good software hashes (NSRL)"),
    ({"productcode", "specialcode"}, "known-good software hashes (NSRL)"),
    ({"hashlookuptrust"}, "known-good software hashes (hashlookup)"),
)
_SAYS = re.compile(
    r"(?i)(?<![a-z])(?:known[\s_-]*(?:good|files?|benign|safe)|false[\s_-]*(?:positive|alarm)s?"
    r"|white[\s_-]*list(?:ed)?|allow[\s_-]*list(?:ed)?|safe[\s_-]*list|good[\s_-]*list|nsrl(?:file)?"
    r"|do[\s_-]*not[\s_-]*(?:block|remove|delete|report)|irrelevant|ignorable|benign|not[\s_-]*csam"
    r"|non[\s_-]*pertinent|innocent|exclusion[\s_-]*list|hashlookup)(?![a-z])"
)
_NOT = re.compile(
    r"(?i)(?:removed|without|no|excluding|excludes?|cleaned of|free of|not|filtered|checked"
    r"|against)"
    r"\s+(?:\w+\s+){0,2}$"
)


def refuse_good(head: str, file_name: str, options: Options) -> None:
    """Raise ListError where a file says that it names what is known good, and nobody said so.

    `--role good` takes it as that, `--role bad` as a list like any other.
    """
    if options.role is not None:
        return
    found = _of_table(head) or _of_words(head, file_name)
    if found:
        raise ListError(
            f"{found}: add it with --role good, so that it removes nothing; if it is listed "
            "material after all, say --role bad"
        )


def _of_table(head: str) -> str | None:
    for line in content(head.split("\n", 50)[:50])[:20]:
        told = {squeezed(cell) for cell in re.split(r"[,;\t|]", line)}
        for wanted, what in _TABLES:
            if wanted <= told:
                return what
    return None


def _of_words(head: str, file_name: str) -> str | None:
    if _SAYS.search(re.sub(r"[._]", " ", file_name)):
        return "the file's name says that it lists what is known good"
    for line in head.split("\n", 50)[:50]:
        bare = line.strip().strip("\ufeff")
        if not bare.startswith(("#", "//", ";", "!", "%")):
            continue
        found = _SAYS.search(bare)
        if found and not _NOT.search(bare[: found.start()]):
            return "a comment in it says that it lists what is known good"
    return None
