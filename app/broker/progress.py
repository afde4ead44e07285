"""How far the fetching is: a bar on a terminal, a line now and then elsewhere. On stderr."""

from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

LINES: Final = 4


class JarProgress:
    """Counts jars. On a terminal a bar; elsewhere about four lines in all."""

    def __init__(self, what: str, total: int, console: Console | None = None) -> None:
        self._what, self._total, self._done = what, total, 0
        self._console = console or Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("jars"))
        self._bar = Progress(
            *columns, TimeElapsedColumn(), console=self._console, disable=not self._console.is_terminal
        )

    def __enter__(self) -> Self:
        self._task = self._bar.add_task(self._what, total=self._total)
        self._bar.start()
        self._line()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advance(self) -> None:
        """One jar more is in the cache."""
        self._done += 1
        self._bar.advance(self._task)
        if self._done == self._total or self._done % max(1, self._total // LINES) == 0:
            self._line()

    def _line(self) -> None:
        if not self._console.is_terminal:
            self._console.print(f"{self._what}: {self._done} of {self._total} jars", highlight=False)
