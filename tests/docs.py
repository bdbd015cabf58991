"""Write the generated parts of the documentation: `poe docs`. Tests compare them."""

import re
import sys
from pathlib import Path
from typing import Any

import typer.main

from relaion import sqlset
from relaion.cli import app

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "relaion/cli/README.md"
SCRIPTS = ROOT / "sql/README.md"
DEMO = ROOT / "relaion/sample/README.md"


def pages() -> list[Path]:
    """Every page of documentation: README files beside the code, and those of `.github`."""
    folders = ("relaion", "sql", "tests", "notebooks", ".github")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.md")]
    return [ROOT / "README.md", *sorted(found)]


def commands(group: Any, prefix: str) -> list[tuple[str, Any]]:
    """The group and every command with its full name, sub-commands included."""
    found: list[tuple[str, Any]] = [(prefix, group)]
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            found += commands(command, f"{prefix} {name}")
        else:
            found.append((f"{prefix} {name}", command))
    return found


def reference() -> str:
    """The help of every command, as the terminal shows it."""
    group = typer.main.get_group(app)
    parts = []
    for name, command in commands(group, "relaion"):
        parts.append(f"## {name}\n\n```text\n{help_of(name, command, width=90)}\n```\n")
    return "\n".join(parts)


def help_of(name: str, command: Any, *, width: int) -> str:
    """What a command says of itself in a terminal of this width."""
    context = command.make_context(
        name, [], resilient_parsing=True, terminal_width=width, help_option_names=["-h", "--help"]
    )
    return str(command.get_help(context)).strip()


def put(text: str, mark: str, content: str) -> str:
    """Replace what stands between a pair of marks."""
    pattern = rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)"
    return re.sub(pattern, lambda m: f"{m[1]}\n{content}\n{m[2]}", text, flags=re.DOTALL)


def scripts(folder: str) -> str:
    """Every script of a folder of the set with its purpose, what it reads and writes."""
    lines = ["| script | purpose | reads | writes |", "|---|---|---|---|"]
    for name, script in sqlset.load().items():
        if name.rpartition("/")[0] == folder:
            reads, writes = (_relations(script, field) for field in ("reads", "writes"))
            lines.append(f"| [{name}](v1/{name}.sql) | {script.purpose} | {reads} | {writes} |")
    return "\n".join(lines)


def questions(folder: str = "") -> str:
    """Every query of the cookbook, or of that folder of it, with what it answers and reads."""
    lines = ["| query | what it answers | reads |", "|---|---|---|"]
    for name, script in sqlset.queries(folder).items():
        link = f"[{name}]({'/'.join(filter(None, ('queries', folder, name)))}.sql)"
        lines.append(f"| {link} | {script.purpose} | {_relations(script, 'reads')} |")
    return "\n".join(lines)


def _relations(script: sqlset.Script, field: str) -> str:
    return ", ".join(f"`{relation}`" for relation in script.relations(field))


def with_tables(page: str) -> str:
    """`sql/README.md` with the tables that headers make."""
    made = {folder: scripts(folder) for folder in ("editions", "fast", "cover", "apply")}
    made |= {"scripts": scripts(""), "queries": questions(), "data": questions(sqlset.DATA)}
    for mark, table in made.items():
        page = put(page, mark, f"{table}\n")
    return page


def main() -> None:
    """Write what is generated; `demo FILE` puts the demo's output into its page too."""
    SCRIPTS.write_text(with_tables(SCRIPTS.read_text(encoding="utf-8")), encoding="utf-8")
    renew(REFERENCE, "reference", reference())
    if sys.argv[1:2] == ["demo"]:
        shown = Path(sys.argv[2]).read_text(encoding="utf-8").rstrip()
        renew(DEMO, "demo", f"```text\n{shown}\n```\n")


def renew(page: Path, mark: str, content: str) -> None:
    """Write a page with new content between a pair of marks."""
    page.write_text(put(page.read_text(encoding="utf-8"), mark, content), encoding="utf-8")


if __name__ == "__main__":
    main()
