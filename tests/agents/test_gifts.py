"""The machine of one partition: what it publishes goes to the right topics, and what it tells was acknowledged."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from agents.domain.fold import GiftFold
from agents.domain.rules import Rules
from agents.gifts import Acked, GiftMachine, gifts_agent
from agents.output import Output
from app.engine.rows import Pressure
from app.pipeline import new_tables
from tests.agents.in_process import TOPICS
from tests.builders import AT, SimpleRecord, gift, record
from tests.corpus import HOSTILE

NUMBER = 3


class Machine:
    """A machine of partition 3 under test, and what it said was acknowledged."""

    def __init__(self) -> None:
        self.acked: list[Acked] = []
        tables, families = new_tables(Pressure())
        fold = GiftFold(Rules(partitioner="any"), NUMBER, tables)
        self.machine = GiftMachine(fold, families, "gifts.v1", NUMBER, TOPICS, 5_000, self.acked.append)

    def fold(self, *events: dict[str, Any] | bytes | None) -> list[Output | None]:
        begin = self.machine.state.position
        return [self.machine.fold(record(begin + at, event)) for at, event in enumerate(events)]

    def flush(self, now_ms: int = AT, behind: bool = False) -> list[Output]:
        outputs, progress, token = self.machine.cut(now_ms, False, behind)
        self.machine.published(token)
        return [*outputs, progress] if progress else outputs


def test_a_counted_gift_has_no_dead_letter_and_its_boards_go_to_its_own_partition() -> None:
    made = Machine()
    assert made.fold(gift(value=1_000, region="DE")) == [None]
    outputs = made.flush()
    assert {(output.topic, output.partition) for output in outputs} == {
        (TOPICS.totals, NUMBER),
        (TOPICS.gifters, NUMBER),
        (TOPICS.spikes, NUMBER),
        (TOPICS.partials, 0),
    }
    assert {output.key for output in outputs if output.topic == TOPICS.partials} >= {
        b"%d" % NUMBER,
        b"%d|global|coin|1m|%d" % (NUMBER, AT),
        b"%d|region:DE|coin|1m|%d" % (NUMBER, AT),
    }


def test_a_refused_record_is_a_dead_letter_at_once_and_changes_no_board() -> None:
    made = Machine()
    [letter] = made.fold(b"nonsense")
    assert letter is not None
    assert (letter.topic, letter.partition) == (TOPICS.dead_letters, NUMBER)
    assert (letter.key, letter.value) == (b"tiktok:s1", b"nonsense")
    assert [output.key for output in made.flush()] == [b"%d" % NUMBER]


def test_outcomes_are_told_once_when_they_are_acknowledged() -> None:
    made = Machine()
    made.fold(gift(event_id="tiktok:e1"), gift(event_id="tiktok:e1"), b"nonsense", None, b"")
    made.fold(gift(phase="streak_update", quantity=2), gift(phase="streak_end", quantity=2))
    *_, token = made.machine.cut(AT, False, False)
    made.fold(gift())
    assert made.acked == []
    made.machine.published(token)
    [first] = made.acked
    assert first.outcomes == {"counted": 2, "duplicate": 1, "unchanged": 1}
    assert first.rejected == {"not_json": 2, "null_value": 1}
    assert first.watermark_ms == AT
    made.flush()
    assert made.acked[1].outcomes == {"counted": 1}
    assert made.acked[1].rejected == {}


def test_a_late_gift_is_an_outcome_of_its_own() -> None:
    made = Machine()
    made.fold(gift(at=AT + 90_000), gift(at=AT))
    made.flush()
    assert made.acked[0].outcomes == {"counted": 1, "late": 1}


def test_while_behind_a_board_waits_and_the_mark_with_it() -> None:
    made = Machine()
    made.fold(gift())
    made.flush(AT, behind=True)
    assert made.machine.mark() == 1
    made.fold(gift())
    early = made.flush(AT + 4_999, behind=True)
    assert TOPICS.totals not in {output.topic for output in early}
    assert made.machine.mark() == 1
    assert {output.topic for output in made.flush(AT + 5_000, behind=True)} >= {TOPICS.totals, TOPICS.gifters}
    assert made.machine.mark() == 2


def test_no_hostile_record_raises_or_is_counted() -> None:
    made = Machine()
    for offset, hostile in enumerate(HOSTILE):
        letter = made.machine.fold(SimpleRecord(offset, hostile.timestamp, hostile.key, hostile.value))
        if hostile.reason != "wrong_partition":
            assert letter is not None
            assert dict(letter.headers)["giftstream.reason"] == hostile.reason.encode()


@pytest.mark.asyncio
async def test_the_agent_hands_each_run_to_the_table_in_order() -> None:
    folded: list[Any] = []

    async def fold(run: Any) -> None:
        folded.append(run)

    async def runs() -> AsyncIterator[Any]:
        for run in ("first", "second"):
            yield run

    await gifts_agent(fold)(runs())
    assert folded == ["first", "second"]
