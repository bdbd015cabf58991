"""Run a golden case: plain text that says what a script makes of a small table.

A case is blocks separated by blank lines; `#` lines are for people. The verbs:

    statement ok        the SQL below it runs
    statement error     it fails, and the text after `----` stands in the message
    set NAME = VALUE    a variable, its value as SQL
    script PATH         the script of sql/v1 runs, with the variables set so far
    query               the SQL below it gives the rows after `----`, columns by TAB
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relaion.engine import Engine, connect
from relaion.errors import EngineError
from relaion.sqlset import load

_SET = re.compile(r"^set ([a-z_]+) = (.*)$")


@dataclass
class Block:
    """One step of a case: its first line, what follows, and what is expected."""

    line: int
    verb: str
    body: str
    expected: list[str]


def blocks(text: str) -> Iterator[Block]:
    """Cut a case into its blocks; a block with no verb that we know is an error."""
    for chunk in re.split(r"\n\s*\n", text):
        lines = [x for x in chunk.split("\n") if x and not x.startswith("#")]
        if not lines:
            continue
        at = text[: text.index(chunk)].count("\n") + 1
        verb, rest = lines[0], lines[1:]
        if not re.match(r"^(statement (ok|error)|query|set .*|script \S+)$", verb):
            raise ValueError(f"line {at}: no such verb: {verb}")
        cut = rest.index("----") if "----" in rest else len(rest)
        yield Block(at, verb, "\n".join(rest[:cut]), rest[cut + 1 :])


def show(value: Any) -> str:
    """A value as a case writes it."""
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return ",".join(map(show, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def run_case(path: Path) -> None:
    """Run every block of a case; raises AssertionError naming the line."""
    values: dict[str, Any] = {}
    with connect(threads=1) as engine:
        for block in blocks(path.read_text(encoding="utf-8")):
            _run(engine, block, values, f"{path.name}:{block.line}")


def _run(engine: Engine, block: Block, values: dict[str, Any], at: str) -> None:
    if found := _SET.match(block.verb):
        ((values[found[1]],),) = engine.rows(f"select {found[2]}")
    elif block.verb.startswith("script "):
        script = load()[block.verb.removeprefix("script ")]
        engine.run(script, **{name: values[name] for name in script.params})
    elif block.verb == "statement ok":
        for _, sql in engine.statements(block.body):
            engine.execute(sql)
    elif block.verb == "statement error":
        try:
            engine.execute(block.body)
        except EngineError as e:
            assert block.expected[0] in str(e), f"{at}: {e}"
        else:
            raise AssertionError(f"{at}: should have failed")
    else:
        got = ["\t".join(map(show, row)) for row in engine.rows(block.body)]
        assert got == block.expected, f"{at}: expected {block.expected}, got {got}"
