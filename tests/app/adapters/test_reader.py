"""Lines of a recording: gifts are keyed by stream, others are counted, bad ones are named by their number."""

from agents.domain.check import Checker
from agents.domain.event import Event
from agents.domain.rules import Rules
from app.adapters.reader import TikTokReader
from app.json_lines import BadLine, GiftLine
from tests.app.adapters.tiktok_live import MASKED, ROOM, printed
from tests.builders import AT, SimpleRecord

CHAT = b'{"comment": "hello"}\n'


def test_gifts_are_keyed_by_their_stream_and_accepted_by_the_worker() -> None:
    lines = list(TikTokReader()([printed(1), printed(2, user=MASKED)]))

    checker = Checker(Rules(partitions=1), 0)
    for line in lines:
        assert isinstance(line, GiftLine)
        assert line.key == f"tiktok:{ROOM}".encode()
        assert isinstance(checker.check(SimpleRecord(0, AT, line.key, line.value)), Event)


def test_other_events_and_empty_lines_are_passed_over() -> None:
    reader = TikTokReader()

    (line,) = reader([CHAT, b"\n", printed() + b"\n", CHAT])

    assert line.number == 3
    assert reader.skipped == 2


def test_a_bad_line_is_named_and_the_next_is_read() -> None:
    bad, good = TikTokReader()([b"oops\n", printed()])

    assert bad == BadLine(
        1, "not JSON; allowed: one JSON object a line; print each event by to_json() or JSON.stringify()"
    )
    assert isinstance(good, GiftLine)


def test_the_same_lines_make_the_same_events() -> None:
    lines = [printed(msg_id, group_id=0, repeat_count=msg_id, at=1_700_000_000_000 + msg_id) for msg_id in range(1, 9)]

    assert list(TikTokReader()(lines)) == list(TikTokReader()(lines))
