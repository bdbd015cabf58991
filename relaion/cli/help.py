"""How help looks: commands in order of use, options in panels, an example each; plain text."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperGroup

_TYPE = re.compile(r" <[^<>]*>")  # `PATH... <list[Path]>`
_LEAST = re.compile(r"x>=(\d+)")

# -- Commands ----------------------------------------------------------------------------------

_ORDER = {
    "First look": ("demo", "inspect"),
    "Lists": ("lists",),
    "Clean": ("match", "plan", "clean", "update", "verify", "merge"),
    "Look": ("report", "sql", "scripts", "link"),
    "Third parties": ("diff", "apply"),
}
EXAMPLES = {
    "relaion demo": "relaion demo",
    "relaion inspect": "relaion inspect data",
    "relaion lists": "relaion lists add iwf.csv --lists lists.duckdb --source IWF",
    "relaion lists add": "relaion lists add iwf.csv --lists lists.duckdb --source IWF",
    "relaion lists show": "relaion lists show --lists lists.duckdb",
    "relaion lists formats": "relaion lists formats",
    "relaion lists sample": "relaion lists sample --format vics",
    "relaion lists withdraw": "relaion lists withdraw 3 --lists lists.duckdb",
    "relaion match": "relaion match data --lists lists.duckdb",
    "relaion plan": "relaion plan data --lists lists.duckdb --on 8",
    "relaion clean": "relaion clean data --lists lists.duckdb --out clean",
    "relaion merge": "relaion merge parts/1 parts/2 --phase find",
    "relaion update": "relaion update clean --inputs data --lists lists.duckdb --out new",
    "relaion verify": "relaion verify clean --inputs data --lists lists.duckdb",
    "relaion report": "relaion report clean --markdown report.md",
    "relaion sql": "relaion sql clean -c 'from unions'",
    "relaion scripts": "relaion scripts 30_list_hits",
    "relaion link": "relaion link 'https://example.com/a.jpg?w=100'",
    "relaion diff": "relaion diff data clean/research --out diff.parquet",
    "relaion apply": "relaion apply diff.parquet copy --out cleaned",
}


class PlainGroup(TyperGroup):
    """A group that tells its commands in order of use, each with an example."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands; the first name of each line is what is typed after the group's."""
        known = self.list_commands(ctx)
        ordered = {name for names in _ORDER.values() for name in names}
        groups = {head: [n for n in names if n in known] for head, names in _ORDER.items()}
        groups["Commands"] = [name for name in known if name not in ordered]
        width = max(map(len, known))
        for head, names in groups.items():
            for i, name in enumerate(names):
                if i == 0:
                    formatter.write(f"\n{head}:\n")
                command = self.get_command(ctx, name)
                short = command.get_short_help_str(formatter.width) if command else ""
                formatter.write(f"  {name:{width}}  {short}\n")
                if example := EXAMPLES.get(f"{ctx.command_path} {name}"):
                    formatter.write(f"  {'':{width}}  $ {example}\n")


def write_example(command_path: str, formatter: Any) -> None:
    """How a command is typed, on a line of its own to be copied."""
    if example := EXAMPLES.get(command_path):
        formatter.write(f"\nExample:\n  {example}\n")


# -- Options -----------------------------------------------------------------------------------

ARGUMENTS, OTHERS, EVERYWHERE = "Arguments", "Options", "Options of every command"
_LEAVES, _WOULD_LEAVE = "What leaves", "What would leave"
_PANELS: dict[str, tuple[str, ...]] = {
    "What is read": (
        "--inputs", "--keep", "--diff", "--old", "--parent", "--earlier", "--sidecar", "--column",
    ),
    "Lists": ("--lists", "--key", "--keywords", "--good-wins"),
    "The delivery": (
        "--source", "--title", "--received", "--label", "--role", "--update", "--full",
    ),
    "How the file is read": (
        "--format", "--member", "--kind", "--where", "--ignore", "--scope", "--form", "--partial",
    ),
    _LEAVES: (
        "--edition", "--unscored", "--same-link", "--inner", "--cover", "--cover-site-rows",
        "--by", "--unknown", "--without-identity", "--sql-version",
    ),
    _WOULD_LEAVE: (),
    "What comes out": (
        "--out", "--check", "--by-hand", "--into", "--certificate", "--report-to-giver", "--copy",
        "--verify", "--html", "--markdown", "--card", "--croissant", "--licence", "--keep-ids",
        "--dry-run", "--strict", "--json",
    ),
    "If relaion stops and asks": (
        "--yes-i-checked", "--i-accept-disclosure", "--allow-changed", "--force", "--purge",
    ),
    "Many machines": ("--shards", "--phase", "--on"),
    "The machine": ("--engine", "--workers", "--memory", "--time-limit", "--work"),
    "The sample": ("--sample-rows", "--seed"),
}  # fmt: skip
_HYPHEN = "\u2011"  # at which no line is broken
_FEW = 6  # options of a command that need no panels


def panels(options: list[tuple[str, tuple[str, str]]]) -> dict[str, list[tuple[str, str]]]:
    """Options, by their first name with what is shown of each, under the headings they belong to.

    Few options, and those that no heading knows, stand under `Options`.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    of = {name: head for head, names in _PANELS.items() for name in names}
    names = {name for name, _ in options}
    if "--card" in names:
        of["--title"] = of["--card"]  # what a card is called, where no delivery is
    if "--where" in names:
        of["--column"] = of["--where"]  # of a list, and not of shards
    if "--out" not in names or "--on" in names:  # nothing leaves here
        of |= dict.fromkeys(_PANELS[_LEAVES], _WOULD_LEAVE)
    heads = [OTHERS if len(options) <= _FEW else of.get(name, OTHERS) for name, _ in options]
    for head in (*_PANELS, OTHERS):
        records = [record for at, (_, record) in zip(heads, options, strict=True) if at == head]
        if records:
            found[head] = records
    return found


def write_records(sections: dict[str, list[tuple[str, str]]], formatter: Any) -> None:
    """Write arguments and options under their headings; no line ends within `opt-out`."""
    for head, records in sections.items():
        if records:
            with formatter.section(head):
                formatter.write_dl([(name, said.replace("-", _HYPHEN)) for name, said in records])
    formatter.buffer = [text.replace(_HYPHEN, "-") for text in formatter.buffer]


def write_exit_codes(options: set[str], formatter: Any) -> None:
    """Say how a command with these options can end."""
    found = "1 a check found something; " if options & {"--strict", "--check"} else ""
    formatter.write(f"\nExit codes: 0 done; {found}2 wrong input or usage.\n")


def plain_record(record: tuple[str, str]) -> tuple[str, str]:
    """What is shown of an argument or option, without types of Python."""
    name, said = record
    return _TYPE.sub("", name), _LEAST.sub(
        r"at least \1", said.replace("[x>=0]", "").replace("; x>=0]", "]")
    ).rstrip()
