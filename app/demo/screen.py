"""What a demo shows while it runs: a live board on a terminal, lines elsewhere, all on stderr."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

import orjson
from rich.console import Console
from rich.live import Live

from app.live_board import LiveBoard
from app.settings import Settings
from app.topic_reader import follow
from app.topology import topology

FRAMES_A_SECOND: Final = 4
LINE_SECONDS: Final = 2.0
COUNTERS: Final = ("counted", "unchanged", "duplicates", "dead_lettered", "late", "spikes")


class Screen:
    """Shows notes and, once there are boards, the boards."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._started = time.monotonic()
        self._last_line = 0.0
        self._live: Live | None = None
        self._board: LiveBoard | None = None
        self._ledgers: dict[bytes, Mapping[str, int]] = {}

    def note(self, text: str) -> None:
        """Tell what is going on now."""
        if self._board is not None and self._live is not None:
            self._board.note = text
        else:
            self.console.print(f"[dim]{time.monotonic() - self._started:5.1f} s[/dim]  {text}", highlight=False)

    def sent(self, records: int, reached_ms: int) -> None:
        """Tell how far the load is."""
        behind = time.time() - reached_ms / 1000
        where = f"history, {behind / 60:.1f} min to go" if behind > 5 else "live"
        text = f"{records:,} messages sent ({where})"
        if self._live is not None:
            self.note(text)
        elif time.monotonic() - self._last_line >= LINE_SECONDS:
            self._last_line = time.monotonic()
            self.note(text)

    def recounted(self, done: int, total: int) -> None:
        """Tell how far the recount is."""
        if time.monotonic() - self._last_line >= LINE_SECONDS:
            self._last_line = time.monotonic()
            self.note(f"{done:,} of {total:,} records recounted")

    async def follow(self, settings: Settings, url: str) -> None:
        """Show the boards as their topics tell them, until cancelled."""
        topics = topology(settings)
        board = LiveBoard(url, unit="coin")
        if not self.console.is_terminal:
            await self._first_board(settings)
            return
        self._board = board
        names = (topics.gifters.name, topics.streams.name, topics.spikes.name, topics.partials.name)
        with Live(board, console=self.console, refresh_per_second=FRAMES_A_SECOND, screen=True) as self._live:
            try:
                async for record in follow(settings, names):
                    if record is None:
                        await asyncio.sleep(0.05)
                    elif record.topic == topics.partials.name:
                        self._count(board, record)
                    else:
                        board.apply(record.topic, record.key, record.value)
            finally:
                self._live = None

    async def _first_board(self, settings: Settings) -> None:
        async for record in follow(settings, [topology(settings).gifters.name]):
            if record is not None and record.value is not None:
                self.note("the first board is there")
                return

    def _count(self, board: LiveBoard, record: Any) -> None:
        """Show the sums of the newest ledgers; the other records of the partials topic are no ledgers."""
        if record.value is None or not record.key.isdigit():
            return
        self._ledgers[record.key] = orjson.loads(record.value)["ledger"]
        board.counters = {
            name.replace("_", "-"): sum(ledger[name] for ledger in self._ledgers.values()) for name in COUNTERS
        }
