"""For any log: boards derived at any of its offsets are right, and one altered field is always found."""

from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.audit.compare import Log, compare
from app.audit.options import AuditOptions
from tests.audit.small_log import NOON, Json, Publisher, Topics, frame, gift, log

OPTIONS = AuditOptions(partitions=2, partitioner="any", top_n=2)
STREAMS = {0: ("tiktok:s", "tiktok:t"), 1: ("tiktok:u",)}


@st.composite
def events(draw: st.DrawFn, partition: int) -> Json:
    """A gift or a frame; ids repeat, times go back and forth over minutes, some senders are anonymous."""
    event_id, quantity = str(draw(st.integers(0, 30))), draw(st.integers(1, 3))
    event = frame(event_id, quantity) if draw(st.booleans()) else gift(event_id, quantity=quantity)
    sender = draw(st.sampled_from(["ana", "bo", "cy", None]))
    return event | {
        "stream_id": draw(st.sampled_from(STREAMS[partition])),
        "sender_id": sender,
        "anonymous": sender is None,
        "sender_name": draw(st.sampled_from([None, "A", "B"])),
        "channel_name": draw(st.sampled_from([None, "C"])),
        "gift_id": draw(st.sampled_from(["rose", "lion"])),
        "region": draw(st.sampled_from([None, "DE"])),
        "paid": draw(st.booleans()),
        "event_time_ms": NOON + draw(st.integers(0, 15)) * 29_999,
    }


@st.composite
def pipelines(draw: st.DrawFn) -> tuple[dict[int, Log], Topics, dict[int, int]]:
    """Logs, and what a right pipeline published of them with flushes after some records."""
    logs = {p: log(*draw(st.lists(events(p), min_size=1, max_size=12))) for p in STREAMS}
    ends = {p: len(list(each.records)) for p, each in logs.items()}
    flushes = [(p, n) for p, end in ends.items() for n in range(end) if draw(st.booleans())]
    return logs, Publisher(OPTIONS).run(logs, flushes), ends


@given(pipelines())
def test_right_boards_pass(pipeline: tuple[dict[int, Log], Topics, dict[int, int]]) -> None:
    logs, topics, ends = pipeline
    report = compare(logs, topics.boards, ends, OPTIONS)
    assert report.findings == []
    assert report.exit_code() == 0


@settings(max_examples=200)
@given(pipelines(), st.data())
def test_one_altered_field_is_found(
    pipeline: tuple[dict[int, Log], Topics, dict[int, int]], data: st.DataObject
) -> None:
    logs, topics, ends = pipeline
    published = [(k, key, n) for k, keys in topics.boards.items() for key, all in keys.items() for n in range(len(all))]
    kind, key, at = data.draw(st.sampled_from(published))
    body = topics.body(kind, key, at)
    owner, name = data.draw(st.sampled_from(list(fields(body))))
    owner[name] = altered(owner[name])
    topics.replace(kind, key, body, at)
    report = compare(logs, topics.boards, ends, OPTIONS)
    assert key in {finding.key for finding in report.findings}
    assert report.exit_code() == 1


def fields(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of a JSON value, as what holds it and its name or index there."""
    names = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for name in names:
        yield value, name
        yield from fields(value[name])


def altered(value: Any) -> Any:
    """Return another value, of the same type where there is one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    return "x" if value is None else [{}, *value] if isinstance(value, list) else value | {"x": 1}
