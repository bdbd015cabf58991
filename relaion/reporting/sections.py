"""The sections of a report: which facts stand where, with a sentence for what each number means."""

from collections.abc import Iterator

from relaion.paths import several, shown
from relaion.reporting.document import (
    BarChart,
    BarGroup,
    Document,
    Part,
    Points,
    Section,
    grid,
    joined,
    number,
    several_of,
    share,
    size,
)
from relaion.reporting.facts import AuditReport, HitLine, ListFacts, ReasonLine
from relaion.reporting.further import (
    cover,
    coverage,
    lists,
    matrix,
    none_named,
    reproduce,
    scores,
    scripts,
    settings,
)
from relaion.roles import compared, kind_words
from relaion.run.hits import FEW_ROWS


def document(report: AuditReport) -> Document:
    """The report in words. Nothing here is counted: every number is one of the facts."""
    parts = {
        ("cleaned", "What was cleaned"): _cleaned(report),
        ("balance", "What each edition kept"): _balance(report),
        ("protocol", "The lists in order of receipt"): _protocol(report),
        ("overlaps", "Gross, overlap, exclusive, union"): _found(report),
        ("reasons", "Why rows left"): _reasons(report),
        ("coverage", "What was looked at, and what was not"): coverage(report),
        ("scores", "Scores and thresholds"): scores(report),
        ("matrix", "Rows that two lists share"): matrix(report),
        ("cover", "Cover"): cover(report),
        ("lists", "Lists and whence they came"): lists(report),
        ("settings", "Parameters and versions"): settings(report),
        ("reproduce", "How to reproduce it"): reproduce(report),
        ("scripts", "The scripts that decided"): scripts(report),
    }
    sections = tuple(Section(*named, tuple(found)) for named, found in parts.items())
    return Document("Report of an audit: what was removed, and why", sections)


# -- What was cleaned ---------------------------------------------------------------------------


def _cleaned(report: AuditReport) -> Iterator[Part]:
    run = report.run
    shards = sum(line.shards for line in report.inputs)
    yield (
        f"{several(report.rows_in, 'row')} in {several(shards, 'shard')} of "
        f"{several(len(report.inputs), 'subset')} were held against "
        f"{several(sum(x.role == 'bad' for x in report.lists), 'list')} of what must not stay, and "
        f"written anew as {several(len(report.editions), 'edition')}: "
        f"{joined(e.name for e in report.editions)}."
    )
    yield (
        f"This is run {run.run}, finished on {run.finished[:10]} (UTC), made with relaion "
        f"{run.relaion}. The report repeats what the run stated of itself in its manifest and "
        "audit; it holds counts and no row. `relaion verify` checks them by other code."
    )
    said = "may be published" if report.publishable else "may not be published"
    yield f"The editions {said}: {report.why}."
    yield grid(
        "What went in, by subset",
        ("subset", "shards", "rows", "size"),
        [(shown(x.subset), number(x.shards), number(x.rows), size(x.bytes)) for x in report.inputs],
        ("shards", "rows", "size"),
    )
    if max((line.step for line in report.steps), default=1) > 1:
        yield from _lineage(report)


def _lineage(report: AuditReport) -> Iterator[Part]:
    yield (
        "This run goes on from earlier ones: step 1 was the first clean, each further step an "
        "update that searched what the lists or the data had gained. What had left stays out."
    )
    yield grid(
        "The runs up to this one",
        ("step", "run", "edition", "rows in", "removed so far", "kept"),
        [
            (number(x.step), x.run, x.edition, number(x.rows_in), number(x.removed), number(x.kept))
            for x in report.steps
        ],
        ("step", "rows in", "removed so far", "kept"),
    )


# -- What each edition kept ---------------------------------------------------------------------


def _balance(report: AuditReport) -> Iterator[Part]:
    for edition in report.editions:
        line = report.of_edition(edition.name)
        heeds = f"lists labelled {joined(edition.labels)}" if edition.labels else "no list"
        on, off = report.rules_of(edition)
        rules = f", and the {several_of(on, 'rule')}" if on else ""
        idle = f" ({joined(off)} {'is' if len(off) == 1 else 'are'} off in this run)" if off else ""
        yield (
            f"{edition.name} is a part of {edition.parent} and heeds {heeds}{rules}{idle}. It kept "
            f"{number(line.kept)} of {several(line.rows_in, 'row')} and lost {number(line.removed)}"
            f" ({share(line.removed, line.rows_in) or 'none'})."
        )
    yield BarChart(
        "Rows that each edition kept and lost",
        "A pair of bars for each edition, one for rows kept and one for rows removed; the numbers "
        "stand in the next table.",
        ("kept", "removed"),
        tuple(
            BarGroup(e.name, (report.of_edition(e.name).kept, report.of_edition(e.name).removed))
            for e in report.editions
        ),
    )
    rows = [
        (
            x.edition, "all" if x.subset is None else shown(x.subset), number(x.rows_in),
            number(x.removed), number(x.kept), share(x.removed, x.rows_in),
        )
        for x in report.balance
    ]  # fmt: skip
    yield grid(
        "Rows in are rows removed and rows kept; a row is removed once, whatever the reasons",
        ("edition", "subset", "rows in", "removed", "kept", "share"),
        rows,
        ("rows in", "removed", "kept", "share"),
        (i for i, x in enumerate(report.balance) if x.subset is None),
    )
    yield from _proof(report)


def _proof(report: AuditReport) -> Iterator[Part]:
    chain = " ⊂ ".join([*(e.name for e in reversed(report.editions)), "original"])
    holds = all(line.holds for line in report.proof)
    yield (
        f"Each edition is a part of its parent ({chain}): "
        if _is_chain(report)
        else "Each edition is a part of its parent: "
    ) + (
        "while the run wrote, the script 52_check_parent looked for a row that an edition keeps "
        "and its parent removed, and a run that finds one writes nothing. The counts agree with "
        "it." if holds else "but THE COUNTS DENY IT, so do not use these editions."
    )  # fmt: skip
    yield grid(
        "No edition holds more rows of a subset than its parent",
        ("edition", "parent", "subset", "kept", "kept by parent", "holds"),
        [
            (x.edition, x.parent, shown(x.subset), number(x.kept), number(x.kept_by_parent),
             "yes" if x.holds else "NO")
            for x in report.proof
        ],
        ("kept", "kept by parent"),
    )  # fmt: skip


def _is_chain(report: AuditReport) -> bool:
    before = ["original", *(e.name for e in report.editions)]
    return all(e.parent == above for e, above in zip(report.editions, before, strict=False))


# -- The lists in order of receipt --------------------------------------------------------------


def _protocol(report: AuditReport) -> Iterator[Part]:
    if not report.protocol:
        yield none_named(report)
        return
    named = {x.list_id: x for x in report.lists}
    last = report.protocol[-1].rows_so_far
    yield (
        "Every delivery that named a row, in the order in which they came. Rows that it names are "
        "counted whether or not an earlier one named them; new are those that none before it "
        f"named. The new rows add up to {several(last, 'row')}, each counted once. What "
        "a list names leaves an edition only if that heeds its label."
    )
    yield from _stays_out(report)
    yield BarChart(
        "Rows that each delivery names, and those that were new",
        "Two bars for each delivery in order of receipt: all rows that it names, and those that no "
        "earlier delivery named; the numbers stand in the next table.",
        ("names", "new"),
        tuple(
            BarGroup(_short(named[x.list_id], x.kind), (x.gross, x.new_rows))
            for x in report.protocol
        ),
    )
    yield grid(
        "The protocol: all subsets together",
        ("received", "list", "compared by", "names", "new", "so far"),
        [
            (
                named[x.list_id].received or "not said", title_of(named[x.list_id]),
                kind_words(x.kind), number(x.gross), number(x.new_rows), number(x.rows_so_far),
            )
            for x in report.protocol
        ],
        ("names", "new", "so far"),
    )  # fmt: skip
    yield grid(
        "The protocol by subset",
        ("subset", "list", "compared by", "names", "new", "so far"),
        [
            (
                shown(x.subset), title_of(named[x.list_id]), kind_words(x.kind),
                number(x.gross), number(x.new_rows), number(x.rows_so_far),
            )
            for x in report.protocol_by_subset
        ],
        ("names", "new", "so far"),
    )  # fmt: skip
    yield from _few(report)


def _stays_out(report: AuditReport) -> Iterator[Part]:
    """What is not so of rows of lists that were withdrawn: nobody knows any more which they are."""
    gone = [x for x in report.lists if x.list_id in report.withdrawn and x.role == "bad"]
    if gone:
        yield (
            f"Withdrawn since: {joined(map(title_of, gone))}. The rows named there stay out by an "
            "earlier run, whatever else names them; the counts are those of that run. Such rows "
            "are new to no delivery and count in no union, so more may have left than these add "
            "up to."
        )


def _few(report: AuditReport) -> Iterator[Part]:
    if report.few_rows:
        yield (
            f"Of {several(len(report.few_rows), 'subset')} with fewer than {FEW_ROWS:,} rows "
            f"({joined(map(shown, report.few_rows))}) no count by list or rule stands alone, for "
            "it would say much of single rows: such counts are told together with others as the "
            "subset `small`, or left out where even all of these are few."
        )


def title_of(held: ListFacts) -> str:
    """A list as people know it."""
    return f"{held.list_id}: {shown(held.title or held.source)}"


def _short(held: ListFacts, kind: str) -> str:
    kinds = f", {kind_words(kind)}" if len(held.entries) > 1 else ""
    return f"{title_of(held)}{kinds}"


# -- Gross, overlap, exclusive, union -----------------------------------------------------------


def _found(report: AuditReport) -> Iterator[Part]:
    if not report.hits:
        yield none_named(report)
        return
    yield Points(
        (
            "Gross is how many rows a list found by one kind and spelling, whoever else found "
            "them.",
            "Overlap is how many of these another list, kind or spelling found too.",
            "Exclusive is how many nothing else found: gross = overlap + exclusive.",
            "Memberships count a row once for each list that names it; the union counts it once.",
        )
    )
    named = {x.list_id: x for x in report.lists}
    yield grid(
        "What each list found",
        ("list", "compared by", "gross", "overlap", "exclusive"),
        [_hit(x, named) for x in report.hits],
        ("gross", "overlap", "exclusive"),
    )
    yield grid(
        "Overlaps counted once",
        ("of", "memberships", "rows"),
        [
            (_group(x.grouping, x.name), number(x.memberships), number(x.rows))
            for x in report.counted_once
        ],
        ("memberships", "rows"),
        (i for i, x in enumerate(report.counted_once) if x.grouping == "all"),
    )
    yield (
        "A link that a list names, or that belongs to a row found by its image, is a listed link: "
        "further rows that carry it are found too, as same link, and counted apart."
    )
    yield from _stays_out(report)


def _hit(line: HitLine, named: dict[int, ListFacts]) -> tuple[str, ...]:
    return (
        title_of(named[line.list_id]), compared(line.kind, line.form), number(line.gross),
        number(line.overlap), number(line.exclusive),
    )  # fmt: skip


def _group(grouping: str, name: str | None) -> str:
    words = {"all": "all lists: the union", "same_link": "further rows with a listed link"}
    return words.get(grouping) or f"{grouping} {shown(name)}"


# -- Why rows left ------------------------------------------------------------------------------


def _reasons(report: AuditReport) -> Iterator[Part]:
    yield (
        "A row may leave for several reasons. Here gross is how many rows leave an edition for a "
        "reason, and exclusive how many leave for it alone: without it, so many rows more would "
        "have stayed."
    )
    yield from _stays_out(report)
    named = {x.list_id: x for x in report.lists}
    for edition in report.editions:
        lines = [x for x in report.removals if x.edition == edition.name]
        if not lines:
            yield f"No row left {edition.name} for a reason that is told here."
            continue
        yield BarChart(
            f"Why rows left {edition.name}",
            f"Two bars for each reason for which rows left {edition.name}: all rows that left for "
            "it, and those that left for it alone; the numbers stand in the next table.",
            ("gross", "exclusive"),
            tuple(BarGroup(_reason(x, named), (x.gross, x.exclusive)) for x in lines),
        )
        yield grid(
            f"Why rows left {edition.name}",
            ("reason", "label", "gross", "exclusive"),
            [
                (_reason(x, named), x.label or "", number(x.gross), number(x.exclusive))
                for x in lines
            ],
            ("gross", "exclusive"),
        )
    if report.removal_groups:
        yield grid(
            "The same by source and by label, overlaps within each counted once",
            ("edition", "of", "gross", "exclusive"),
            [
                (x.edition, _group(x.grouping, x.name), number(x.gross), number(x.exclusive))
                for x in report.removal_groups
            ],
            ("gross", "exclusive"),
        )


_RULES = {
    "unsafe": "rule unsafe: the score",
    "unsafe_keyword": "rule unsafe_keyword: the score and a keyword",
    "unscored": "rule unscored: no score",
}


def _reason(line: ReasonLine, named: dict[int, ListFacts]) -> str:
    if line.reason_kind == "cover":
        return f"cover for {line.label}"
    if line.rule is not None or line.list_id is None:
        return _RULES.get(line.rule or "", f"rule {shown(line.rule)}")
    held = named.get(line.list_id)
    name = title_of(held) if held is not None else f"{line.list_id}"
    return f"{name}, {compared(line.kind, line.form)}"
