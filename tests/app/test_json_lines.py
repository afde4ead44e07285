"""Gift events as JSON lines: good ones are keyed, bad ones are named."""

import orjson

from app.json_lines import BadLine, GiftLine, read_gifts
from tests.app.test_dead_letters import a_gift


def test_a_good_line_is_keyed_by_its_stream() -> None:
    line = orjson.dumps(a_gift())
    assert list(read_gifts([line + b"\n"])) == [GiftLine(1, b"tiktok:1", line)]


def test_a_bad_line_is_named_by_number_and_reason_and_the_next_is_read() -> None:
    good = orjson.dumps(a_gift())
    first, second, third = read_gifts([b"{", b"", orjson.dumps(a_gift(quantity=0)), good])
    assert isinstance(first, BadLine)
    assert (first.number, first.why.split(":")[0]) == (1, "not_json")
    assert isinstance(second, BadLine)
    assert (second.number, second.why.split(":")[0]) == (3, "out_of_range")
    assert third == GiftLine(4, b"tiktok:1", good)


def test_a_line_over_16_kib_is_too_large() -> None:
    (line,) = read_gifts([b"{" + b" " * 16_384 + b"}"])
    assert isinstance(line, BadLine)
    assert line.why.startswith("too_large")
