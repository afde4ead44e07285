"""The picture of the live board in the README: `python -m app.demo.picture docs/board.svg`.

No broker is needed: the load goes straight through the fold of each partition and the merge. So the boards are real,
and the same load gives the same picture.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from rich.console import RenderableType

from agents.domain.fold import GiftFold
from agents.domain.merge import Merge
from agents.domain.rules import Rules
from app.demo.screen import COUNTERS
from app.engine.rows import Pressure
from app.live_board import LiveBoard
from app.load.message import Send
from app.load.options import LoadOptions
from app.load.simulation import Simulation
from app.pipeline import new_tables
from app.view import save_svg
from schemas.partial import Partial, Progress

LOAD: Final = LoadOptions(rate=60, streams=60, gifters=2_000, seed=4, seconds=600, start_ms=1_791_055_320_000)
"""Ten minutes from 2026-10-03, 19:22 UTC."""

PUBLISH_MS: Final = 10_000
WIDTH: Final = 120
HEIGHT: Final = 40

TOPICS: Final = {
    "totals": "stream-totals.v1",
    "gifters": "leaderboards.gifters.v1",
    "streams": "leaderboards.streams.v1",
    "spikes": "engagement-spikes.v1",
}

Published = tuple[str, str, bytes | None]
"""Topic, key and value."""

_FONT_FACE: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)

_decode = msgspec.json.Decoder(Partial | Progress).decode


class Kept(msgspec.Struct, frozen=True):
    """A record as a broker keeps it; `timestamp` is its append time in ms."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class InProcess:
    """All partitions and the merge, without a broker, and what their subscribers would get."""

    def __init__(self, rules: Rules) -> None:
        self.folds = [GiftFold(rules, number, new_tables(Pressure())[0]) for number in range(rules.partitions)]
        self.merge = Merge(rules)

    def take(self, send: Send) -> None:
        """Fold one message at its partition's next offset."""
        fold = self.folds[send.partition]
        fold.fold(Kept(fold.position, send.at_ms, send.key, send.value))

    def publish(self, now_ms: int) -> Iterator[Published]:
        """Yield what has changed since the last time."""
        for fold in self.folds:
            cut = fold.cut(now_ms, idle=False, min_interval_ms=0)
            for to, key, value in cut.messages:
                if to == "partials":
                    self._merge(key, value)
                else:
                    yield TOPICS[to], key, value
            fold.published(cut)
        for key, value in self.merge.changed():
            yield TOPICS["streams"], key, value

    def counters(self) -> dict[str, int]:
        """Return the sums of the partitions' ledgers, named as on the screen of the demo."""
        sums: Counter[str] = Counter()
        for fold in self.folds:
            sums.update(msgspec.structs.asdict(fold.ledger))
        return {name.replace("_", "-"): sums[name] for name in COUNTERS}

    def _merge(self, key: str, value: bytes | None) -> None:
        told = None if value is None else _decode(value)
        if isinstance(told, Progress):
            self.merge.progress(told)
        else:
            self.merge.apply(key, told)


def picture(options: LoadOptions = LOAD) -> RenderableType:
    """Return the live board as it stands at the end of a load."""
    simulation, running = Simulation(options), InProcess(Rules(partitions=options.partitions))
    board = LiveBoard("http://127.0.0.1:6066", unit="coin")
    for now_ms in range(options.start_ms, options.end_ms + PUBLISH_MS, PUBLISH_MS):
        for send in iter(partial(simulation.next, now_ms), None):
            running.take(send)
        for topic, key, value in running.publish(now_ms):
            board.apply(topic, key.encode(), value)
    at = datetime.fromtimestamp(options.end_ms / 1000, UTC)
    board.update(running.counters(), f"{simulation.answer.sent:,} messages sent ({at:%H:%M} UTC)")
    return board


def save(path: Path) -> None:
    """Write the picture, without the fonts that rich would have it load from elsewhere."""
    save_svg(picture(), str(path), WIDTH, HEIGHT, title="make demo")
    path.write_text(_FONT_FACE.sub("", path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    save(Path(sys.argv[1]))
