"""What a shell is offered for a word that is begun: names that are ours, and numbers of lists.

Typer speaks to the shells (`_RELAION_COMPLETE`). Nothing is offered but what `lists show` shows
anyway: a list's number, who gave it and what it is called. Where nothing can be said nothing is,
and no error: a shell would write that into what is typed. Heavy libraries are loaded for a list's
number alone, which stands in the store.
"""

import os
import re
from collections.abc import Callable, Iterable
from textwrap import shorten
from typing import Any, TypeAlias

import typer

from relaion.errors import RelaionError
from relaion.roles import KINDS, ROLES, kind_words
from relaion.sqlset import BUILT_IN, VERSION, load, versions

Candidate: TypeAlias = str | tuple[str, str]
SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_RELAION_COMPLETE"

# names that heavy modules have; tests hold them against these
LIST_FORMATS = (
    "ncmec", "misp", "stix", "stopncii", "tat", "threatexchange", "vics", "json", "parquet",
    "arrow", "arrow-stream", "xlsx", "ods", "hashdeep", "cdx", "misp-csv", "stix-patterns", "icse",
    "tat-csv", "threatexchange-csv", "te", "local-file", "certutil", "get-filehash",
    "get-filehash-table", "fciv", "7z-h", "checksums", "changes", "host-rules", "csv", "txt",
)  # fmt: skip
PACKED = ("gzip", "bzip2", "xz", "zstd", "zip")
SAMPLES = (*LIST_FORMATS, *PACKED)
_WIDEST = 48
# a store, a configuration or a script that is not there, is none, or was damaged: the command says
# so itself, with what to do. Whatever else is raised is a bug, and may be seen
_UNUSABLE = (RelaionError, OSError, ValueError)
COLUMN_KINDS = ("md5", "sha1", "sha256", "hash", *KINDS)


def among(*words: str) -> Callable[[str], list[Candidate]]:
    """Completes to one of these words."""

    def complete(incomplete: str) -> list[Candidate]:
        return [word for word in words if word.startswith(incomplete)]

    return complete


def _told(found: Iterable[tuple[str, str]]) -> list[Candidate]:
    """Candidates with what they are, in signs that no shell reads as its own.

    Cut where it is long: Typer sets a line for fish in 80 columns, and its rest is a candidate.
    """
    plain = ((value, re.sub(r"[^\w,.()/+-]+", " ", about).strip()) for value, about in found)
    return [(value, shorten(about, _WIDEST, placeholder=" ...")) for value, about in plain]


def kinds(incomplete: str) -> list[Candidate]:
    """Kinds of entries."""
    return _told((kind, kind_words(kind)) for kind in KINDS if kind.startswith(incomplete))


def roles_of_columns(incomplete: str) -> list[Candidate]:
    """`ROLE=`, before the name of a column."""
    return _told((f"{r}=", role.noun) for r, role in ROLES.items() if r.startswith(incomplete))


def kinds_of_columns(incomplete: str) -> list[Candidate]:
    """`KIND=`, before the name of a column of a delivery."""
    return [f"{kind}=" for kind in COLUMN_KINDS if kind.startswith(incomplete)]


def editions(incomplete: str) -> list[Candidate]:
    """The built-in editions; the shell adds files where none of these is begun."""
    found = _scripts()
    by_name = {e: found.get(f"editions/{e.replace('-', '_')}", "") for e in BUILT_IN}
    return _told(x for x in by_name.items() if x[0].startswith(incomplete))


def scripts(incomplete: str) -> list[Candidate]:
    """Scripts by their place; by their name alone where it is begun so."""
    found = _scripts()
    if incomplete:
        found |= {key.split("/")[-1].lstrip("0123456789_"): told for key, told in found.items()}
    return _told(x for x in sorted(found.items()) if x[0].startswith(incomplete))


def _scripts() -> dict[str, str]:
    try:
        return {key: script.purpose for key, script in load(VERSION).items()}
    except _UNUSABLE:
        return {}


def sql_versions(incomplete: str) -> list[Candidate]:
    """Sets of scripts that are installed."""
    try:
        return [version for version in versions() if version.startswith(incomplete)]
    except _UNUSABLE:
        return []


def spellings(incomplete: str) -> list[Candidate]:
    """Spellings that a giver may have hashed."""
    from relaion.links import FORMS  # noqa: PLC0415 - loaded when it is first used

    bases = dict.fromkeys(form.partition("-")[0] for form in FORMS)
    return [form for form in (*FORMS, *(f"{b}*" for b in bases)) if form.startswith(incomplete)]


def list_ids(ctx: typer.Context, incomplete: str) -> list[Candidate]:
    """Numbers of the lists in the store that is named, by an option, a variable or a file."""
    from relaion import lists  # noqa: PLC0415 - loaded when it is first used

    try:
        store = ctx.params.get("lists") or _set_store(ctx)
        if store is None:
            return []
        found = [
            (str(x.list_id), f"{x.source} {x.title or ''} {x.received or ''} {x.label}")
            for x in lists.show(store)
        ]
    except _UNUSABLE:
        return []
    return _told(x for x in found if x[0].startswith(incomplete))


def _set_store(ctx: typer.Context) -> Any:
    from relaion.cli import comfort  # noqa: PLC0415 - which loads more

    found = comfort.settings(ctx.params.get("config"))
    return found["lists"].value if "lists" in found else None


def is_asked() -> bool:
    """Whether a shell asks, and no person."""
    return bool(os.environ.get(VARIABLE))


def listen() -> None:
    """Know the shells; typer does so by itself only where it may write to their files."""
    import typer.completion as shells  # noqa: PLC0415 - wanted by a shell alone

    shells.completion_init()  # type: ignore[attr-defined]


def script(shell: str) -> str:
    """What a shell reads to complete words: functions of its own that ask this program."""
    import typer.completion as shells  # noqa: PLC0415 - seldom wanted

    text: str = shells.get_completion_script(  # type: ignore[attr-defined]
        prog_name="relaion", complete_var=VARIABLE, shell=shell
    )
    return text
