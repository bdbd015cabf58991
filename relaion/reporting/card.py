"""A data-set card of published editions, as Hugging Face reads it, and the sums of their files."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from relaion.errors import InputError, OutputError
from relaion.paths import several, shown
from relaion.reporting.document import Grid, grid, joined, number, several_of, share
from relaion.reporting.facts import AuditReport, EditionFacts
from relaion.reporting.further import none_named
from relaion.reporting.markdown import escaped, table
from relaion.reporting.sections import title_of

CARD, SUMS = "README.md", "SHA256SUMS"
MARK = "<!-- data-set card by relaion -->"
TAGS = ("image-links", "captions", "relaion")
_SIZES = ((1e3, "n<1K"), (1e4, "1K<n<10K"), (1e5, "10K<n<100K"), (1e6, "100K<n<1M"),
          (1e7, "1M<n<10M"), (1e8, "10M<n<100M"), (1e9, "100M<n<1B"), (1e10, "1B<n<10B"),
          (1e11, "10B<n<100B"), (1e12, "100B<n<1T"))  # fmt: skip
GATE = (
    "This data set is an index of links and captions from the public web. Links to abuse material "
    "that partners' lists knew of were removed; others may be left. By asking for access you agree "
    "to use it for research on data sets and models, not to look for removed rows, and to report "
    "what should not be in it to its curator."
)


def refuse_unpublishable(report: AuditReport, way_out: str, option: str) -> None:
    """Raise InputError where the manifest says that the editions point at listed rows."""
    if not report.publishable:
        raise InputError(
            f"{option}: the editions may not be published: {report.why}; {way_out}, or "
            "pass --i-accept-disclosure for a file that is not published"
        )


def card(report: AuditReport, licence: str | None, title: str | None) -> str:
    """README.md: a front matter in YAML, then what the editions are, and are not."""
    return "\n".join([*_front(report, licence, title), MARK, "", *_body(report, licence, title)])


def _front(report: AuditReport, licence: str | None, title: str | None) -> Iterator[str]:
    first = report.editions[0].name
    fields: dict[str, Any] = {
        "pretty_name": name_of(report, title),
        "license": licence or "other",
        "tags": [*TAGS],
        "size_categories": [_size(report.of_edition(first).kept)],
        "configs": [
            {"config_name": e.name, "data_files": f"{e.name}/**/*.parquet"}
            | ({"default": True} if e.name == report.editions[-1].name else {})
            for e in report.editions
        ],
        "extra_gated_prompt": GATE,
        "extra_gated_fields": {
            "Name": "text", "Affiliation": "text", "What I will use it for": "text",
            "I agree to the terms above": "checkbox",
        },
    }  # fmt: skip
    if licence is None:
        fields |= {"license_name": "to-be-named", "license_link": "LICENSE"}
    yield "---"
    # each value as JSON, which is YAML: nothing that was written by others can end it
    yield from (f"{name}: {json.dumps(value)}" for name, value in fields.items())
    yield "---"


def name_of(report: AuditReport, title: str | None) -> str:
    """The title that was given, or the names of the subsets."""
    return title or f"{joined(map(shown, report.subsets[:3]))}, cleaned"


def _size(rows: int) -> str:
    return next((said for below, said in _SIZES if rows < below), "n>1T")


def summary(report: AuditReport) -> str:
    """What the data set is, and of which run."""
    return (
        f"Links to images with their captions: {several(report.rows_in, 'row')} in "
        f"{several(len(report.inputs), 'subset')}, cleaned with relaion {report.run.relaion} "
        f"against {several(sum(x.role == 'bad' for x in report.lists), 'list')} of links and "
        f"hashes on {report.run.finished[:10]} (run {report.run.run}). No link was opened, and no "
        "image is held here."
    )


def named_by(report: AuditReport, edition: EditionFacts) -> str:
    """What an edition is without, and how many rows it kept."""
    line = report.of_edition(edition.name)
    on, _ = report.rules_of(edition)
    named = [f"by lists labelled {joined(edition.labels)}"] if edition.labels else []
    named += [f"by the {several_of(on, 'rule')}"] if on else []
    beside = ", and without neutral sites that left along" * bool(report.cover and edition.labels)
    return (
        f"without the rows named {', or '.join(named) or 'by its script'}{beside}; "
        f"{number(line.kept)} of {several(line.rows_in, 'row')}"
    )


def _body(report: AuditReport, licence: str | None, title: str | None) -> Iterator[str]:
    yield from (f"# {escaped(name_of(report, title))}", "")
    yield from _text(summary(report))
    yield from ("## Editions", "")
    for edition in report.editions:
        yield f"- **{escaped(edition.name)}**, a part of {escaped(edition.parent)}: " + escaped(
            named_by(report, edition)
        )
    yield ""
    yield from table(_counts(report))
    yield from ("## Lists", "")
    if report.protocol:
        yield from table(_lists(report))
        yield from _text(
            "A row on several lists is counted for each that names it; new are rows that no "
            "earlier one named. Entries of lists, and digests of them, are published nowhere."
        )
    else:
        yield from _text(none_named(report))
    yield from ("## What this does not promise", "")
    yield from (f"- {escaped(said)}" for said in not_promised(report))
    yield ""
    yield from ("## Licence and access", "")
    yield from _text(
        f"The index is licensed as {licence}." if licence else
        "No licence was named yet: put one into LICENSE and into the front matter before this is "
        "published.",
        "It covers the index alone: links and captions belong to whoever published them, and so do "
        "the images. Access is gated: who asks agrees to the terms above.",
    )  # fmt: skip
    yield from ("## Check and cite it", "")
    yield from _text("Where the editions lie, this checks every file of theirs:")
    yield from ("```text", f"sha256sum --check {SUMS}", "```", "")
    yield from ("```bibtex", *citation(report, title), "```")
    yield ""


def _text(*said: str) -> Iterator[str]:
    for sentence in said:
        yield from (escaped(sentence), "")


def _counts(report: AuditReport) -> Grid:
    return grid(
        "Rows in, removed and kept",
        ("edition", "subset", "rows in", "removed", "kept", "share removed"),
        [
            (
                x.edition, "all" if x.subset is None else shown(x.subset), number(x.rows_in),
                number(x.removed), number(x.kept), share(x.removed, x.rows_in),
            )
            for x in report.balance
        ],
        ("rows in", "removed", "kept", "share removed"),
        (i for i, x in enumerate(report.balance) if x.subset is None),
    )  # fmt: skip


def _lists(report: AuditReport) -> Grid:
    named = {x.list_id: x for x in report.lists}
    return grid(
        "Deliveries that named a row, in order of receipt",
        ("received", "list", "label", "names", "new"),
        [
            (
                named[x.list_id].received or "not said", title_of(named[x.list_id]),
                named[x.list_id].label, number(x.gross), number(x.new_rows),
            )
            for x in report.protocol
        ],
        ("names", "new"),
    )  # fmt: skip


def not_promised(report: AuditReport) -> Iterator[str]:
    """What the editions are not, in sentences."""
    yield (
        "That nothing illegal or harmful is left: only what the lists named by the day of the run "
        "was found, and only by link and by exact hash of an image. A picture that was changed by "
        "one dot has another hash."
    )
    yield "That a link still leads to what it led to when it was listed, or hashed."
    yield "That scores or keywords are right: both err, in both directions."
    for line in report.not_looked_at:
        yield f"Not looked at: {shown(line.sentence)}."
    if report.cover is not None:
        yield (
            "That every row that is gone was listed: neutral sites left along with listed ones, so "
            "that the difference to older metadata does not point at these. Do not try to tell "
            "them apart."
        )
    yield "That it is lawful to use where you are, or for what you want to do."


def citation(report: AuditReport, title: str | None) -> Iterator[str]:
    """Lines of BibTeX."""
    name = "".join(c for c in name_of(report, title) if c not in "{}\\`\n")
    yield "@misc{relaion-" + report.run.run + ","
    yield f"  title = {{{name}}},"
    yield f"  year = {{{report.run.finished[:4]}}},"
    yield f"  note = {{Run {report.run.run}, cleaned with relaion {report.run.relaion}}}"
    yield "}"


# -- Sums of the editions' files ----------------------------------------------------------------


def sums(out: Path, outputs: Sequence[Mapping[str, Any]]) -> bytes:
    """SHA256SUMS of the shards as the manifest states them, below OUT, as sha256sum checks it.

    Raises OutputError where a shard is missing or has another size: `verify` reads every byte.
    """
    lines: list[tuple[bytes, bytes]] = []
    for line in outputs:
        name = f"{line['edition']}/{line['subset']}/{line['shard']}"
        path = out / name
        held = path.stat().st_size if path.is_file() else None
        if held != line["bytes"]:
            found = "is missing" if held is None else f"has {held:,} bytes"
            raise OutputError(
                f"{shown(path)}: {found}, and the manifest states {line['bytes']:,} bytes; see "
                "`relaion verify`"
            )
        lines.append((os.fsencode(name), _sum(str(line["sha256"]), name)))
    return b"".join(text for _, text in sorted(lines))


def _sum(sha256: str, name: str) -> bytes:
    raw = os.fsencode(name)
    plain = raw.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return (b"\\" if plain != raw else b"") + sha256.encode() + b"  " + plain + b"\n"
