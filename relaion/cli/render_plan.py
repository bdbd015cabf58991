"""How a plan looks to people."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from relaion.cli.render import Hanging, plain_table
from relaion.cli.result_line import line_of
from relaion.paths import several

if TYPE_CHECKING:
    from relaion.run.cost import Cost, Range
    from relaion.stages.plan import CleanPlan

_TIMES = (("days", 172_800, 86_400), ("h", 7_200, 3_600), ("min", 120, 60), ("s", 0, 1))
_SIZES = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1))
_FEWEST = 0.005  # a share below is told with the others


def show_planned(result: CleanPlan) -> RenderableType:
    """What there is, what it takes here and on others, what takes most, and what that rests on."""
    head = (
        f"{result.rows:,} rows in {several(result.shards, 'shard')}, {_size(result.bytes)}\n"
        f"measured on {result.sampled_rows:,} rows of {result.sampled_shards:,} of "
        f"{several(result.shards, 'shard')}, in {result.measured_seconds:,.0f} s\n"
    )
    costs = [result.here, *([result.on] if result.on is not None else [])]
    heads = [_named(cost) for cost in costs]
    table = plain_table("", *heads, right=tuple(heads), whole=("",))
    for name, cell in _LINES.items():
        cells = [cell(cost) for cost in costs]
        if any(cells):
            table.add_row(name, *(each or "-" for each in cells))
    steps = [f"{s.step} {s.share:.0%}" for s in result.steps if s.share >= _FEWEST]
    free = [] if result.free is None else [Text(f"free on the disk of OUT: {_size(result.free)}")]
    return Group(
        Text(head),
        table,
        Text(),
        Hanging("processors: ", ", ".join(steps), len("processors: ")),
        *free,
        Text("\nthis rests on:"),
        *(Hanging("- ", line, 2) for line in result.assumptions),
        Text(f"\n{planned_line(result)}"),
    )


@line_of("CleanPlan")
def planned_line(result: CleanPlan) -> str:
    """How long it takes, and how much room, as the table has it."""
    time, room = _between(_time)(result.here.seconds), _between(_size)(result.here.out)
    return f"it takes {time} and {room} in OUT; nothing was written"


def _named(cost: Cost) -> str:
    if cost.machines > 1:
        return f"on {cost.machines:,} machines"
    return f"here, {several(cost.workers, 'worker')}"


def _between(tell: Callable[[float], str]) -> Callable[[Range | None], str]:
    def told(found: Range | None) -> str:
        if found is None:
            return ""
        low, high = tell(found.low), tell(found.high)
        return low if low == high else f"{low} - {high}"

    return told


def _time(seconds: float) -> str:
    unit, size = next((unit, size) for unit, least, size in _TIMES if seconds >= least)
    return f"{_rounded(seconds / size)} {unit}"


def _size(n: float) -> str:
    unit, size = next((unit, size) for unit, size in _SIZES if n >= size or size == 1)
    return f"{_rounded(n / size)} {unit}"


def _rounded(number: float) -> str:
    """Two digits are all that an estimate has."""
    return f"{number:.1f}" if 0 < number < 9.95 else f"{float(f'{number:.2g}'):,.0f}"


_LINES: dict[str, Callable[[Cost], str]] = {
    "time": lambda cost: _between(_time)(cost.seconds),
    "processors' time": lambda cost: _between(_time)(cost.processors),
    "memory of a machine": lambda cost: _between(_size)(cost.memory),
    "disk: OUT": lambda cost: _between(_size)(cost.out),
    "disk: work folder": lambda cost: _between(_size)(cost.work),
    "read": lambda cost: _between(_size)(cost.read),
    "written": lambda cost: _between(_size)(cost.written),
    "fetched from stores": lambda cost: _between(_size)(cost.fetched),
    "sent to a store": lambda cost: _between(_size)(cost.sent),
    "requests": lambda cost: _between(lambda n: f"{n:,.0f}")(cost.requests),
}
