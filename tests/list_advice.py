"""The advice in a refusal of a list, done as it is told: each option that it names, one by one."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from relaion.errors import RelaionError
from relaion.lists.delivery import read_columns, read_where, scoped_kind
from relaion.lists.readers.format import Options
from tests.list_samples import read_list

_WHERE = re.compile(r"--where ([\w-]+(?:\.[\w-]+)*)=WORD(?:,WORD)?")
_IGNORE = re.compile(r"--ignore ([\w-]+(?:\.[\w-]+)*)")
_COLUMN = re.compile(r"--column (\w+)=(\d+)")
_KIND = re.compile(r"--kind (\w+)")
_ROLE = re.compile(r"--role (good|bad)")
_SCOPE = re.compile(r"--scope (host|prefix)")
_FORMAT = re.compile(r"--format (\w+)")
_ECHO = re.compile(r"^\W*--\w+ \S+: ")  # what the curator said
_WORDS = re.compile(r"([^\s:;,()][^:;,()]*|\([^()]+\)): (?:[\d,]+)(?=[,;)]| and|$)")


def advised(refused: str, options: Options) -> Iterator[tuple[str, Options]]:
    """Each option that a refusal names, and the options with it."""
    for found in _WHERE.finditer(refused):
        words = [w.strip() for w in _WORDS.findall(refused) if w.strip() != "(not shown)"]
        for word in words[:3]:
            chosen = read_where([f'{found[1]}="{word}"'])
            yield f"--where {found[1]}={word}", replace(options, where={**options.where, **chosen})
    refused = _ECHO.sub("", refused)
    for found in _IGNORE.finditer(refused):
        yield found[0], replace(options, ignore=options.ignore | {found[1]})
    for found in _COLUMN.finditer(refused):
        said: Mapping[str, Sequence[str]] = read_columns([f"{found[1]}={found[2]}"])
        columns = {**options.columns}
        for algorithm, names in said.items():
            columns[algorithm] = (*columns.get(algorithm, ()), *names)
        yield found[0], replace(options, columns=columns)
    if "leave --kind out" in refused:
        yield "without --kind", replace(options, kind=None)
    for found in _KIND.finditer(refused.replace("leave --kind out", "")):
        yield found[0], replace(options, kind=found[1])
    for found in _ROLE.finditer(refused):
        if options.role is None:
            yield found[0], replace(options, role=found[1])
    if "without --role good" in refused:
        yield "without --role good", replace(options, role=None)
    for found in _SCOPE.finditer(refused):
        kind = scoped_kind(None, found[1])
        yield found[0], replace(options, scope=found[1], kind=kind)
    for found in _FORMAT.finditer(refused):
        yield found[0], replace(options, file_format=found[1])
    if "--partial" in refused:
        yield "--partial", replace(options, partial=True)


_MOST = 4  # refusals one after the other, each for another reason


def vain_advice(
    data: bytes, name: str, refused: str, options: Options, seen: frozenset[str] = frozenset()
) -> list[str]:
    """The options of a refusal, and of those that follow, that lead to the same words again.

    So does one behind which the file is refused again and again, each time for another reason.
    """
    if len(seen) == _MOST:
        return ["(no end)"]
    vain, seen = [], seen | {refused}
    for said, with_it in advised(refused, options):
        again = _refused(data, name, with_it)
        if again is None:
            continue
        if again in seen or "there is no such column" in again:
            vain.append(said)
        elif not vain:
            vain += [f"{said} {then}" for then in vain_advice(data, name, again, with_it, seen)]
    return vain


def _refused(data: bytes, name: str, options: Options) -> str | None:
    try:
        return read_list(data, name, options).refused
    except RelaionError as e:
        return str(e)
