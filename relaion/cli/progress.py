"""Progress on stderr: shards, rows, rate, time left. Silent where nobody looks."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text


class Bars:
    """Listens to a run and draws a bar for each phase; notices are lines between them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            TextColumn("{task.description:<9}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[shards]}/{task.fields[of]} shards"),
            TextColumn("{task.completed:,.0f} rows"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def phase(self, name: str, shards: int, rows: int) -> None:
        """A new bar for a new phase."""
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._task = self._bars.add_task(name, total=rows or 1, shards=0, of=shards, rate="")

    def done(self, shards: int, rows: int) -> None:
        """Move the bar on."""
        if self._task is None:
            return
        task = next(t for t in self._bars.tasks if t.id == self._task)
        self._bars.update(self._task, advance=rows, shards=task.fields["shards"] + shards)
        speed = task.speed
        self._bars.update(self._task, rate=f"{speed:,.0f} rows/s" if speed else "")

    def say(self, text: str) -> None:
        """A line that stays."""
        self._console.print(Text(text), soft_wrap=True)
