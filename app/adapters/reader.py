"""`giftstream produce --format tiktok`: lines in, keyed gift events out."""

from collections.abc import Iterable, Iterator

import orjson
from msgspec.structs import asdict

from app.adapters.line_error import LineError
from app.adapters.tiktok import TikTokAdapter
from app.json_lines import BadLine, GiftLine


class TikTokReader:
    """Reads the lines of one recording. `skipped` counts those that tell of no gift, such as a chat or a like."""

    def __init__(self, stream: str | None = None, channel: str | None = None) -> None:
        self.skipped = 0
        self._adapter = TikTokAdapter(stream, channel)

    def __call__(self, lines: Iterable[bytes]) -> Iterator[GiftLine | BadLine]:
        """Yield the gift events, keyed by stream, and the bad lines. Lines count from 1; empty ones are passed over."""
        for number, line in enumerate(lines, start=1):
            if stripped := line.strip():
                yield from self._read(number, stripped)

    def _read(self, number: int, line: bytes) -> Iterator[GiftLine | BadLine]:
        events = self._adapter.parse(line)
        if isinstance(events, LineError):
            yield BadLine(number, str(events))
            return
        self.skipped += not events
        for event in events:
            yield GiftLine(number, event.stream_id.encode(), orjson.dumps(asdict(event)))
