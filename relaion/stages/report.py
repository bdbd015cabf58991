"""`report`: the audit of a finished run for people, and a card to publish its editions with."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relaion.errors import InputError, OutputError
from relaion.paths import (
    AnyPath,
    as_path,
    atomic_write,
    is_utf8,
    maybe_path,
    public_folder,
    refuse_unwritable,
    shown,
)
from relaion.reporting import card as cards
from relaion.reporting import croissant as croissants
from relaion.reporting.html import html as html_of
from relaion.reporting.markdown import markdown as markdown_of
from relaion.reporting.read import read_report
from relaion.reporting.sections import document
from relaion.run.manifest import way_out
from relaion.run.outputs import MANIFEST, manifest_at

if TYPE_CHECKING:
    from relaion.reporting.facts import AuditReport

_MARK = "<!-- report by relaion -->"
_SUM_LINE = 64  # hex digits before the name


def report(
    out: AnyPath,
    *,
    html: AnyPath | None = None,
    markdown: AnyPath | None = None,
    card: AnyPath | None = None,
    croissant: AnyPath | None = None,
    licence: str | None = None,
    title: str | None = None,
    force: bool = False,
    i_accept_disclosure: bool = False,
) -> AuditReport:
    """Tell what the audit of a finished run says; write it as files where any are named.

    Everything is read from OUT, which is not written to. A file that is there is written over only
    if `report` made it, or with `force`.

    Args:
        out: The folder of the run.
        html: One page that needs nothing else (with the extra `[report]`).
        markdown: The same as text.
        card: A folder for a data-set card, README.md, and SHA256SUMS of the shards.
        croissant: A JSON-LD file in the Croissant format 1.0, to lie beside the editions.
        licence: Of card and Croissant file, such as `cc-by-4.0`; None for one yet to be named.
        title: Of these two; None for the names of the subsets.
        force: Write over files that `report` did not make.
        i_accept_disclosure: Write these two of editions that may not be published.

    Returns:
        The audit in counts, and the files that were written.

    Raises:
        InputError: For an OUT without a finished run, or a file that may not be written.
        OutputError: For a file that cannot be written.
    """
    out, page, text, folder = as_path(out), maybe_path(html), maybe_path(markdown), maybe_path(card)
    loaded = maybe_path(croissant)
    public = [x for x, y in (("--card", folder), ("--croissant", loaded)) if y is not None]
    for name, given in (("--licence", licence), ("--title", title)):
        _refuse_words(name, given, asked=bool(public))
    found = read_report(out)
    files: list[tuple[Path, Callable[[], bytes], Callable[[bytes], bool]]] = []
    if page is not None:
        files.append((page, lambda: _page(found).encode(), lambda x: _MARK.encode() in x[:400]))
    if text is not None:
        files.append((text, lambda: _text(found).encode(), lambda x: _MARK.encode() in x[:400]))
    if public and not i_accept_disclosure:
        ways = way_out(manifest_at(out / MANIFEST) or {})
        cards.refuse_unpublishable(found, ways, public[0])
    if folder is not None:
        files += [
            (folder / cards.CARD, lambda: cards.card(found, licence, title).encode(), _is_card),
            (folder / cards.SUMS, lambda: cards.sums(out, _outputs(out)), _is_sums),
        ]
    if loaded is not None:
        files.append(
            (
                loaded,
                lambda: croissants.croissant(found, licence, title, out, _outputs(out)),
                croissants.is_croissant,
            )
        )
    _refuse_names([path for path, *_ in files])
    for path, _, is_ours in files:
        _refuse_place(path, out, is_ours, force=force, made=path.parent == folder)
    made = [(path, write()) for path, write, _ in files]  # all of them, before the first is there
    if folder is not None:
        public_folder(folder)
    for path, raw in made:
        with atomic_write(path) as part:
            part.write_bytes(raw)
    return replace(found, written=tuple(path for path, _ in made))


def _page(found: AuditReport) -> str:
    head, rest = html_of(document(found)).split("\n", 1)
    return f"{head}\n{_MARK}\n{rest}"


def _text(found: AuditReport) -> str:
    return f"{_MARK}\n\n{markdown_of(document(found))}"


def _outputs(out: Path) -> Sequence[Mapping[str, Any]]:
    made = manifest_at(out / MANIFEST)
    if made is None:  # it was there a moment ago
        raise OutputError(f"{shown(out / MANIFEST)}: is gone; repeat the command")
    outputs: Sequence[Mapping[str, Any]] = made["outputs"]
    return outputs


# -- What is refused ----------------------------------------------------------------------------


def _refuse_words(name: str, given: str | None, *, asked: bool) -> None:
    if given is None:
        return
    if not asked:
        raise InputError(f"{name}: is for --card or --croissant; add one of them")
    if not given.strip() or not given.isprintable() or not is_utf8(given):
        raise InputError(f"{name}: write words on one line, in UTF-8")


def _is_card(raw: bytes) -> bool:
    return raw.startswith(b"---\n") and f"\n{cards.MARK}\n".encode() in raw


def _is_sums(raw: bytes) -> bool:
    lines = raw.splitlines()
    return all(x.removeprefix(b"\\")[_SUM_LINE : _SUM_LINE + 2] == b"  " for x in lines)


def _refuse_names(paths: list[Path]) -> None:
    if Path("-") in paths:
        raise InputError("-: is not the name of a file; name one, such as report.md")
    real = [path.resolve() for path in paths]
    for i, path in enumerate(real):
        if path in real[:i]:
            raise InputError(f"{shown(paths[i])}: is named for two files; name two")


def _refuse_place(
    path: Path, out: Path, is_ours: Callable[[bytes], bool], *, force: bool, made: bool
) -> None:
    """Raise InputError for a file in OUT or in place of another; OutputError where none can be."""
    real = path.resolve()
    if real.is_relative_to(out.resolve()):
        raise InputError(
            f"{shown(path)}: lies inside OUT, which holds what its manifest states and nothing "
            "else; name a place beside it"
        )
    if os.path.lexists(path):
        if not path.is_file():
            raise InputError(f"{shown(path)}: exists and is not a file; name another")
        if _is_data(path):  # such as the list store, which nothing brings back
            raise InputError(
                f"{shown(path)}: is a database, a key or a parquet file, which `report` never "
                "overwrites; name another"
            )
        if not (force or _starts(path, is_ours)):
            raise InputError(
                f"{shown(path)}: exists and was not made by `report`; name another, or add --force "
                "to overwrite it"
            )
    above = next((p for p in path.parents if p.exists()), path.parent)
    if not (above == path.parent or made):
        raise InputError(f"{shown(path.parent)}: is not a folder; make it, or name another file")
    if not above.is_dir():
        raise InputError(f"{shown(above)}: is not a folder; name another place")
    refuse_unwritable(above, f"so {shown(path)} cannot be made there; name another place")


def _is_data(path: Path) -> bool:
    try:
        with path.open("rb") as f:
            head = f.read(12)
    except OSError as e:
        raise InputError(f"{shown(path)}: cannot be read ({e.strerror}); name another") from None
    return path.resolve().suffix == ".key" or head[:4] in (b"PAR1", b"PARE") or head[8:] == b"DUCK"


def _starts(path: Path, is_ours: Callable[[bytes], bool]) -> bool:
    try:
        return is_ours(path.read_bytes())
    except OSError as e:
        raise InputError(f"{shown(path)}: cannot be read ({e.strerror}); name another") from None
