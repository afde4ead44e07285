"""A worker's check of its own boards: equal where they are, loud where they are not, silent where it cannot know."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from agents.domain.messages import Message
from app import self_check
from app.audit.expected import Place, gifters_board, totals_board
from app.audit.options import AuditOptions
from app.audit.recount import Recount
from app.metrics import Metrics
from app.self_check import MOST_RECORDS, SelfCheck
from app.settings import Settings
from tests.builders import AT, HOME, STREAM, SimpleRecord, encoded

pytestmark = pytest.mark.asyncio

KEY = f"{STREAM}|coin|1m|{AT}"
HOUR_MS = 3_600_000
SETTINGS = Settings(self_check_seconds=1)


class Reader:
    """Reads lists instead of topics; `start` is the first offset of the source log that is kept."""

    def __init__(self, records: Sequence[SimpleRecord], letters: Sequence[Any] = (), start: int = 0) -> None:
        self._logs = {"gifts.v1": records, "gifts.dead-letter.v1": letters}
        self.start = start
        self.read = 0

    async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        log = self._logs[topic]
        return self.start if topic == "gifts.v1" else 0, log[-1].offset + 1 if log else 0

    async def offset_at(self, topic: str, partition: int, time_ms: int) -> int | None:
        return next((one.offset for one in self._logs[topic] if one.timestamp >= time_ms), None)

    async def record_at(self, topic: str, partition: int, offset: int) -> Any | None:
        return next((one for one in self._logs[topic] if one.offset == offset), None)

    async def slices(
        self, topic: str, partition: int, begin: int, end: int, records: int
    ) -> AsyncGenerator[Sequence[Any], None]:
        for one in self._logs[topic]:
            if begin <= one.offset < end:
                self.read += 1
                yield [one]


class Check:
    """One check against a reader, and what the metrics say of it."""

    def __init__(self, reader: Reader) -> None:
        self.metrics = Metrics()
        self._check = SelfCheck(SETTINGS, self.metrics, reader)  # type: ignore[arg-type]
        self._check._due = 0.0

    async def run(self, *messages: Message, age: float = 1.0) -> dict[str, float]:
        self._check.offer(messages, int((time.time() - age) * 1000))
        if self._check._task is not None:
            await self._check._task
        (family,) = self.metrics.self_checks.collect()
        return {sample.labels["result"]: sample.value for sample in family.samples if sample.value}

    @property
    def drift(self) -> float | None:
        return self.metrics.registry.get_sample_value("giftstream_self_check_drift_total")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_check, "PAUSE_SECONDS", 0.0)


def log(start: int = 0, before_ms: int = HOUR_MS) -> list[SimpleRecord]:
    """Three gifts in the minute of KEY, one of them twice, after two gifts of earlier ones."""
    times = [AT - before_ms, AT - 1_000, AT + 1_000, AT + 2_000, AT + 2_000, AT + 3_000]
    ids = ["tiktok:a", "tiktok:b", "tiktok:c", "tiktok:d", "tiktok:d", "tiktok:e"]
    return [
        SimpleRecord(start + n, at, STREAM.encode(), encoded(at=at, event_id=id))
        for n, (at, id) in enumerate(zip(times, ids, strict=True))
    ]


def published(records: Sequence[SimpleRecord], **wrong: Any) -> list[Message]:
    """The final boards of KEY as a worker publishes them; `wrong` are fields of the totals."""
    recount = Recount(AuditOptions(), HOME)
    for record in records:
        recount.apply(record)  # type: ignore[arg-type]
    tally = recount.streams[KEY]
    place = Place("gifts.v1", {HOME: tally.changed}, is_final=True)
    totals, gifters = totals_board(tally, place) | wrong, gifters_board(tally, place, 10)
    return [("totals", KEY, orjson.dumps(totals)), ("gifters", KEY, orjson.dumps(gifters))]


async def test_a_board_that_is_right_is_equal() -> None:
    check = Check(Reader(log()))
    assert await check.run(*published(log())) == {"equal": 1}
    assert check.drift == 0


async def test_a_board_that_differs_is_drift() -> None:
    check = Check(Reader(log()))
    assert await check.run(*published(log(), value=14)) == {"different": 1}
    assert check.drift == 1


async def test_a_board_at_another_position_is_drift() -> None:
    records = log()
    check = Check(Reader([*records[:-1], SimpleRecord(5, AT + 3_000, STREAM.encode(), b"{}")]))
    assert await check.run(*published(records)) == {"different": 1}


async def test_what_an_operator_quarantined_is_not_expected() -> None:
    records = log()
    headers = [("giftstream.reason", b"quarantined"), ("giftstream.offset", b"3")]
    letter = SimpleNamespace(offset=7, timestamp=AT + 9_000, headers=headers)
    counted = [one for one in records if one.offset not in (3, 4)]
    later = SimpleRecord(4, AT + 2_000, STREAM.encode(), b"")
    source = [*records[:4], later, records[5]]
    assert await Check(Reader(source, [letter])).run(*published(counted)) == {"equal": 1}


async def test_what_the_log_has_lost_makes_no_verdict() -> None:
    records = log(start=1_000, before_ms=120_000)
    check = Check(Reader(records, start=1_000))
    assert await check.run(*published(records, value=1)) == {"skipped": 1}
    assert check.drift == 0


async def test_more_than_the_limit_is_not_read() -> None:
    records = log(start=MOST_RECORDS)
    reader = Reader([SimpleRecord(0, AT - 5_000, b"", b""), *records])
    assert await Check(reader).run(*published(records)) == {"skipped": 1}
    assert reader.read == 0


async def test_a_broker_that_fails_is_skipped() -> None:
    class Failing(Reader):
        async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
            raise ConnectionError

    assert await Check(Failing(log())).run(*published(log())) == {"skipped": 1}


async def test_only_final_boards_of_a_minute_are_checked_and_not_while_catching_up() -> None:
    right = published(log())
    opened = [(to, key, (value or b"").replace(b"true", b"false")) for to, key, value in right]
    lacking = [(to, key, (value or b"")[:-1] + b',"incomplete":["0:0"]}') for to, key, value in right]
    hourly = [(to, key.replace("1m", "1h"), value) for to, key, value in right]
    for messages in (opened, lacking, hourly):
        assert await Check(Reader(log())).run(*messages) == {}
    assert await Check(Reader(log())).run(*right, age=600) == {}


async def test_a_check_that_is_stopped_ends() -> None:
    class Hanging(Reader):
        async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
            await asyncio.Event().wait()
            raise AssertionError

    check = SelfCheck(SETTINGS, Metrics(), Hanging(log()))  # type: ignore[arg-type]
    check._due = 0.0
    check.offer(published(log()), int(time.time() * 1000))
    await asyncio.sleep(0)
    await check.stop()
    assert check._task is not None
    assert check._task.cancelled()
