"""Terminal pictures of every command, through the real command line on a pseudo-terminal.

    python -m tests.pictures DIR [--columns 80 --columns 140] [--only NAME]

DIR gets a demo, made once, and `NAME-COLUMNS.svg` and `.txt` of each command: what its screen shows
at the end, what has scrolled away included. They are for people to look at; nothing compares them.
"""

import argparse
import io
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.style import Style
from rich.text import Text

from tests.docs import commands
from tests.terminal import Terminal, terminal

ROWS = 30_000
# in this order: some make what others read; those that make OUT write into a folder a width
COMMANDS: dict[str, tuple[str, ...]] = {
    "demo": ("demo", "--out", "demo{columns}", "--rows", str(ROWS)),
    "inspect": ("inspect", "demo/data"),
    "inspect-columns": ("inspect", "demo/data", "--columns"),
    "inspect-one": ("inspect", "demo/data/laion2B-en"),
    "lists-add": ("lists", "add", "links.txt", "--lists", "demo/lists.duckdb", "--source",
                  "a hotline", "--dry-run"),
    "lists-show": ("lists", "show", "--lists", "demo/lists.duckdb"),
    "match": ("match", "demo/data", "--lists", "demo/lists.duckdb", "--sidecar", "demo/sidecars"),
    "clean": ("clean", "demo/data", "--lists", "demo/lists.duckdb", "--out", "clean{columns}"),
    "clean-again": ("clean", "demo/data", "--lists", "demo/lists.duckdb", "--out",
                    "clean{columns}"),
    "update": ("update", "clean{columns}", "--inputs", "demo/data", "--lists",
               "demo/lists.duckdb", "--out", "update{columns}"),
    "verify": ("verify", "demo/clean", "--inputs", "demo/data", "--lists", "demo/lists.duckdb"),
    "verify-alone": ("verify", "demo/clean"),
    "report": ("report", "demo/clean"),
    "sql": ("sql", "demo/clean", "-c", "from removals"),
    "sql-data": ("sql", "demo/data", "-c", "from shard limit 3"),
    "scripts": ("scripts",),
    "scripts-one": ("scripts", "30_list_hits"),
    "link": ("link", "HTTPS://WWW.example.com:443/a b/../ü.jpg?w=1#top"),
    "diff-check": ("diff", "--check", "demo/clean", "--inputs", "demo/data", "--lists",
                   "demo/lists.duckdb", "--sidecar", "demo/sidecars"),
    "diff-refused": ("diff", "demo/data", "demo/clean/research", "--out", "no.parquet"),
    "diff": ("diff", "demo/data", "demo/clean/research", "--out", "diff{columns}.parquet",
             "--i-accept-disclosure"),
    "apply": ("apply", "diff{columns}.parquet", "demo/data", "--out", "applied{columns}"),
    "refused-csv": ("clean", "rows.csv", "--lists", "demo/lists.duckdb", "--out", "no"),
    "refused-path": ("inspect", "nowhere"),
    "refused-option": ("clean", "demo/data", "--list", "demo/lists.duckdb"),
}  # fmt: skip


def helps() -> Iterator[tuple[str, tuple[str, ...]]]:
    """The help of every command."""
    import typer.main

    from relaion.cli import app

    for name, _ in commands(typer.main.get_group(app), "relaion"):
        words = name.split()[1:]
        yield "-".join(["help", *words]), (*words, "--help")


def picture(shown: Terminal, title: str, columns: int) -> tuple[str, str]:
    """What a terminal shows, as SVG and as plain text."""
    lines = [_styled(line) for line in shown.cells()]
    while lines and not lines[-1].plain.strip():
        lines.pop()
    text = Text("\n").join(lines)
    console = Console(record=True, width=columns, force_terminal=True, file=io.StringIO())
    console.print(text, no_wrap=True, crop=False)
    return console.export_svg(title=title), "\n".join(shown.shown()) + "\n"


def _color(name: str) -> str | None:
    """A colour of a terminal, as rich calls it."""
    if name == "default":
        return None
    return {"brown": "yellow"}.get(name, name.replace("bright", "bright_"))


def _styled(line: list[tuple[str, str, bool]]) -> Text:
    text = Text()
    for char, color, bold in line:
        text.append(char, Style(color=_color(color), bold=bold))
    return text


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description="Terminal pictures of every command.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--columns", type=int, action="append")
    parser.add_argument("--only", action="append")
    given = parser.parse_args()
    folder: Path = given.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "links.txt").write_text("https://one.example/1.jpg\nhttps://two.example/2.jpg\n")
    (folder / "rows.csv").write_text("url,caption\nhttps://one.example/1.jpg,one\n")
    if not (folder / "demo/clean/manifest.json").exists():
        run(folder, ("demo", "--out", "demo", "--rows", str(ROWS)), 80)
    for columns in given.columns or (80, 140):
        for name, words in {**COMMANDS, **dict(helps())}.items():
            if given.only and name not in given.only:
                continue
            told = tuple(word.format(columns=columns) for word in words)
            svg, text = run(folder, told, columns)
            (folder / f"{name}-{columns}.svg").write_text(svg, encoding="utf-8")
            (folder / f"{name}-{columns}.txt").write_text(text, encoding="utf-8")
            print(f"{name}-{columns}")


def run(folder: Path, words: tuple[str, ...], columns: int) -> tuple[str, str]:
    """Run a command to its end; its picture."""
    with terminal(folder, *words, columns=columns, lines=50) as shown:
        shown.ends(3600)
        return picture(shown, "relaion " + " ".join(words), columns)


if __name__ == "__main__":
    main()
