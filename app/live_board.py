"""The live view of `giftstream demo`: the newest boards, the spikes, and what the worker has done."""

from collections import deque
from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Final

from rich import box
from rich.columns import Columns
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from app.boards import Board, Boards, newest, owner
from app.view import render, ticker

SPIKES_SHOWN: Final = 3
BIG_GIFTS_SHOWN: Final = 1
"""On a busy day there is a big gift every second, which would hide the spikes."""

SIDE_BY_SIDE: Final = 110
"""Columns from which the two boards stand side by side."""


class LiveBoard:
    """Give it what comes in; `rich.live.Live` draws it. `worker` is the URL of the worker's service."""

    def __init__(self, worker: str = "", window: str = "1h", unit: str = "", zone: tzinfo = UTC) -> None:
        self.worker, self.window, self.unit, self.zone = worker, window, unit, zone
        self.streams, self.gifters = Boards(), Boards()
        self.spikes: deque[Board] = deque(maxlen=SPIKES_SHOWN)
        self.big_gifts: deque[Board] = deque(maxlen=BIG_GIFTS_SHOWN)
        self.counters: Mapping[str, int] = {}
        self.note = ""

    def apply(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Take one record of a board topic or of the spikes topic, with or without a prefix to its name."""
        if topic.endswith("leaderboards.streams.v1"):
            self.streams.apply(key, value)
        elif topic.endswith("leaderboards.gifters.v1"):
            self.gifters.apply(key, value)
        elif topic.endswith("engagement-spikes.v1"):
            board = Boards().apply(key, value)
            if board is not None and board.get("phase") != "peak":
                (self.big_gifts if board["kind"] == "big_gift" else self.spikes).appendleft(board)

    def update(self, counters: Mapping[str, int], note: str = "") -> None:
        """Take the newest counters, shown in their order, and a line about what is going on."""
        self.counters, self.note = counters, note

    def leader(self) -> tuple[Board | None, Board | None]:
        """Return the global streams board, and the gifter board of the stream that leads it."""
        top = next((board for board in self._shown(self.streams) if owner(board) == "global"), None)
        if top is None or not top["entries"]:
            return top, None
        leading = (top["entries"][0]["id"], top["unit"])
        mine = self._shown(self.gifters)
        return top, next((board for board in mine if (owner(board), board["unit"]) == leading), None)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._status()
        beside = options.max_width >= SIDE_BY_SIDE
        limit = _rows(console.height, beside) if console.is_terminal else None
        boards = [render(board, self.zone, limit) for board in self.leader() if board is not None]
        yield self._beside(boards) if beside else Group(*boards)
        yield ticker([*self.spikes, *self.big_gifts], self.zone)

    def _shown(self, boards: Boards) -> list[Board]:
        return newest(
            board for board in boards if board["window"]["name"] == self.window and self.unit in ("", board["unit"])
        )

    def _beside(self, boards: list[RenderableType]) -> RenderableType:
        grid = Table.grid(expand=True, padding=(0, 2))
        for _ in boards:
            grid.add_column(ratio=1)
        grid.add_row(*boards)
        return grid

    def _status(self) -> RenderableType:
        counts = [
            Text.assemble((f"{count:,}", "bold"), (f" {name}", "dim"), no_wrap=True)
            for name, count in self.counters.items()
        ]
        where = Text(f"{self.worker}/metrics" if self.worker else "", "cyan")
        lines: list[RenderableType] = [Columns(counts, padding=(0, 2))] if counts else []
        lines += [part for part in (Text(self.note), where) if part.plain]
        body: RenderableType = Group(*lines) if lines else Text("starting", "dim")
        return Panel(body, title="giftstream", title_align="left", box=box.ROUNDED, border_style="cyan")


def _rows(height: int, beside: bool) -> int:
    """Return how many rows of a board fit on the screen, so that the spikes below stay in sight."""
    return max(3, height - 19 if beside else (height - 24) // 2)
