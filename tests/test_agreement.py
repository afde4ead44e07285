"""The worker and the audit, written apart from each other, judge and count every log the same."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agents.domain.check import Checker
from agents.domain.reject import Rejected
from agents.domain.rules import Partitioner, Rules
from app.audit.admission import Admission, SourceRecord
from app.audit.expected import LocalTop, Place, gifters_board, local_top, totals_board
from app.audit.options import AuditOptions
from app.audit.recount import Recount
from schemas.gift import GiftEvent
from schemas.ids import MAX_QUANTITY, MAX_VALUE
from schemas.partial import Partial
from tests.builders import AT, HOME, PARTITIONS, STREAM, SimpleRecord, as_json, gift
from tests.corpus import HOSTILE, ODD, Hostile, Odd
from tests.domain.events import parts
from tests.domain.harness import Partition
from tests.random_logs import BEGINNINGS, DAY, MINUTE, logs

KEY = STREAM.encode()


class Judges:
    """The check of the worker and the admission of the audit, under equal settings."""

    def __init__(self, partition: int = HOME, partitioner: Partitioner = "murmur2", *named: int) -> None:
        self.checker = Checker(Rules(partitions=PARTITIONS, partitioner=partitioner), partition, frozenset(named))
        quarantined = frozenset((partition, offset) for offset in named)
        options = AuditOptions(partitions=PARTITIONS, partitioner=partitioner, quarantined=quarantined)
        self.admission = Admission(options, partition)

    def agree(self, value: bytes | None, key: bytes | None = KEY, timestamp: int = AT, offset: int = 0) -> str:
        """Return the reason that both give, or "accepted" if both give the same event."""
        record = SourceRecord(offset, timestamp, key, value)
        checked, admitted = self.checker.check(record), self.admission.judge(record)
        if isinstance(checked, Rejected):
            assert admitted == checked.reason
            return checked.reason
        assert isinstance(admitted, GiftEvent)
        assert parts(checked) == parts(admitted)
        return "accepted"


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: f"{hostile.reason}: {hostile.name}")
def test_both_refuse_the_hostile_for_the_same_reason(hostile: Hostile) -> None:
    judges = Judges(hostile.partition)
    assert judges.agree(hostile.value, hostile.key, hostile.timestamp) == hostile.reason


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_both_accept_the_odd(odd: Odd) -> None:
    assert Judges().agree(odd.value, timestamp=odd.timestamp) == "accepted"


def test_both_refuse_what_the_operator_named() -> None:
    named = Judges(HOME, "murmur2", 1)
    assert [named.agree(as_json(gift()), offset=offset) for offset in (0, 1, 2)] == [
        "accepted",
        "quarantined",
        "accepted",
    ]


IDS = [STREAM, "tiktok:", "tiktok:s1\n", "kick:e", "e1", "", "x" * 128, "x" * 129, "a b", "a|b", "é", "\x7f", "\x00"]
NUMBERS = [0, 1, -1, MAX_VALUE, MAX_VALUE + 1, MAX_QUANTITY, MAX_QUANTITY + 1, 2**63, 2**64, 10**30, 0.0, 1.5]
TIMES = [AT, AT + 300_000, AT + 300_001, 1_420_070_400_000, 1_420_070_399_999, -AT]
WORDS = ["coin", "minor:EUR", "minor:eur", "coin\n", "single", "streak_end", "kick", "gift", "DE", "D E"]
PLAIN: list[Any] = [None, True, False, [], {}, [None], {"a": 1}]
VALUES = st.sampled_from([*IDS, *NUMBERS, *TIMES, *WORDS, *PLAIN])
NAMES = st.sampled_from([*GiftEvent.__struct_fields__, "unknown"])


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """A valid event in which some fields are given another value, one that is at a bound or of another type."""
    event = gift(event_id="tiktok:e1", phase=draw(st.sampled_from(["single", "streak_update", "streak_end"])))
    event |= draw(st.dictionaries(NAMES, VALUES, max_size=3))
    for name in draw(st.lists(NAMES, max_size=1)):
        event.pop(name, None)
    return event


@settings(max_examples=600, deadline=None)
@given(events(), st.sampled_from([KEY, KEY, None, b"", b"\xff", b"tiktok:s2"]))
def test_both_judge_mutated_events_alike(event: dict[str, Any], key: bytes | None) -> None:
    Judges().agree(json.dumps(event).encode(), key)


@st.composite
def bytes_of_events(draw: st.DrawFn) -> bytes:
    """The bytes of a possibly wrong event, cut, doubled or spoilt anywhere."""
    value = as_json(draw(events()))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(value)))
        to = min(len(value), at + draw(st.integers(0, 3)))
        value = value[:at] + draw(INSERTED) + value[to:]
    return value


SYNTAX = [b"", b'"', b"\\", b",", b":", b"{", b"}", b"[", b"]", b"0", b"-", b".", b"e5", b"1", b" ", b"null", b"true"]
BAD_TEXT = [b"\x00", b"\x80", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"\\u0041", b"NaN", b"9" * 5_000, b"[[" * 200]
MEMBERS = [b',"quantity":"x"', b'"quantity":0,', b'"unknown":NaN,', b'"unknown":"\\ud800",', b'"paid":1,']
INSERTED = st.sampled_from([*SYNTAX, *BAD_TEXT, *MEMBERS])


@settings(max_examples=1_000, deadline=None)
@given(bytes_of_events())
@example(as_json(gift())[:-1] + b',"unknown":"\\ud800"}')
@example(b'{"quantity":"x","unknown":"\\ud800"}')
@example(b'{"quantity":NaN}')
@example(as_json(gift(phase="streak_end", streak_id=None))[:-1] + b',"\xff":1}')
@example(as_json(gift()).replace(b'"quantity":1', b'"quantity":1e999'))
@example(as_json(gift()).replace(b'"quantity":1', b'"quantity":' + b"9" * 5_000))
@example(as_json(gift()).replace(b'"gift_id":"rose"', b'"gift_id":' + b"9" * 5_000))
def test_both_judge_spoilt_bytes_alike(value: bytes) -> None:
    Judges().agree(value)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["murmur2", "crc32", "any"]),
    st.integers(0, PARTITIONS - 1),
    st.from_regex(r"\Atiktok:[!-{}~]{0,20}\Z"),
)
def test_both_know_where_a_key_belongs(partitioner: Partitioner, partition: int, stream: str) -> None:
    judges = Judges(partition, partitioner)
    assert judges.agree(as_json(gift(stream)), stream.encode()) in ("accepted", "wrong_partition")


class Counters:
    """The fold of the worker and the recount of the audit, of one partition, side by side."""

    def __init__(self, time_zone: str = "UTC", horizon_ms: int = 600_000, top_n: int = 2) -> None:
        common: dict[str, Any] = {"partitions": 1, "partitioner": "any", "horizon_ms": horizon_ms}
        common |= {"time_zone": time_zone, "top_n": top_n}
        self.worker = Partition(Rules(**common))
        self.recount = Recount(AuditOptions(**common), 0)
        self.answers: dict[tuple[str, str, int], Any] = {}

    def agree_on(self, record: SimpleRecord, flush: bool) -> None:
        """Count one more record; what is published after it must be the recount's answer at the offset it names."""
        self.worker.feed_records([record])
        self.recount.apply(SourceRecord(record.offset, record.timestamp, record.key, record.value))
        self._agree_on_sums()
        self._remember_answers(record.offset)
        if flush:
            for to, key, value in self.worker.flush(record.timestamp).messages:
                self._agree_on_message(to, key, value)

    def agree_on_all(self) -> None:
        """All that changed has been published, in its last state, and nothing else is there."""
        self.worker.settle()
        for to, tallies in (("totals", self.recount.streams), ("partials", self.recount.scopes)):
            prefix = "0|" if to == "partials" else ""
            live = {prefix + key: t for key, t in tallies.items() if not self.recount.is_expired(t)}
            assert {key for topic, key in self.worker.published if topic == to and "|" in key} == live.keys()
            for key, tally in live.items():
                assert offset_of(self.worker.published[to, key]) == tally.changed
        for (to, key), value in self.worker.published.items():
            self._agree_on_message(to, key, value)

    def _agree_on_sums(self) -> None:
        ledger, counts = self.worker.fold.ledger, self.recount.counts
        assert self.worker.fold.watermark == self.recount.watermark
        assert (ledger.counted, ledger.unchanged, ledger.duplicates, ledger.late, ledger.dead_lettered) == (
            counts.counted,
            counts.unchanged,
            counts.duplicates,
            counts.late,
            sum(counts.dead_lettered.values()),
        )

    def _remember_answers(self, offset: int) -> None:
        place, top_n = Place("gifts.v1", {0: offset}, is_final=False), self.recount.options.top_n
        for key, tally in self.recount.streams.items():
            if tally.changed == offset:
                self.answers["totals", key, offset] = totals_board(tally, place)
                self.answers["gifters", key, offset] = gifters_board(tally, place, top_n)
        for key, tally in self.recount.scopes.items():
            if tally.changed == offset:
                self.answers["partials", f"0|{key}", offset] = partial_of(local_top(tally, top_n))

    def _agree_on_message(self, to: str, key: str, value: bytes | None) -> None:
        if value is None:
            tallies = self.recount.scopes if to == "partials" else self.recount.streams
            tally = tallies.get(key.removeprefix("0|"))
            assert tally is None or self.recount.is_expired(tally)
        elif to == "partials" and "|" in key:
            found = msgspec.json.decode(value, type=Partial)
            assert partial_of(found) == self.answers[to, key, found.offset]
        elif to != "partials" and to != "spikes":
            board = json.loads(value)
            final = {"is_final": board["is_final"], "revision": 2 * (offset_of(value) + 1) + board["is_final"]}
            assert board == self.answers[to, key, offset_of(value)] | final


def offset_of(value: bytes) -> int:
    """Return the offset that a board or a partial names."""
    told: dict[str, Any] = json.loads(value)
    offset: int = told["offset"] if "offset" in told else told["position"]["offsets"]["0"]
    return offset


def partial_of(told: LocalTop | Partial) -> Any:
    """Return a partition's part of a board of streams as plain values, whoever tells it."""
    rows = told.lines if isinstance(told, LocalTop) else told.entries
    return told.unit, told.window, told.value, told.sends, told.ranked, [msgspec.structs.astuple(row) for row in rows]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Counters, list[SimpleRecord]]:
    """Both counters under drawn settings, and a log to count."""
    time_zone, begin_ms = draw(st.sampled_from(list(BEGINNINGS.items())))
    horizon_ms = draw(st.sampled_from([MINUTE, 600_000, 600_000, DAY]))
    top_n = draw(st.sampled_from([1, 2, 10]))
    return Counters(time_zone, horizon_ms, top_n), draw(logs(begin_ms, horizon_ms))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_both_count_alike_at_every_position(world: tuple[Counters, list[SimpleRecord]]) -> None:
    counters, log = world
    for record in log:
        counters.agree_on(record, flush=True)
    counters.agree_on_all()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), st.data())
def test_both_count_alike_however_rarely_is_published(
    world: tuple[Counters, list[SimpleRecord]], data: st.DataObject
) -> None:
    counters, log = world
    for record in log:
        counters.agree_on(record, flush=data.draw(st.integers(0, 5)) == 0)
    counters.agree_on_all()
