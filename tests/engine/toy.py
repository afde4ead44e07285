"""A machine that knows nothing of gifts: it counts words, refuses the empty one, and publishes each new count."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from app.engine.machine import Output
from app.engine.rows import Family, Pressure


class Count(msgspec.Struct, array_like=True):
    """How often a word came, and the offset of the record that made it."""

    times: int
    offset: int


class Published(NamedTuple):
    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass
class Word:
    """A record of the source log."""

    offset: int
    value: bytes | None
    key: bytes | None = None
    timestamp: int = 0


class WordCounter:
    """Counts words in one partition. `row_type`, in its `version`, is what a count is written as."""

    row_type: type[Any] = Count
    version = 1
    older: Mapping[int, Callable[[Any], Any]] = {}

    def __init__(self, number: int, pressure: Pressure, topic: str = "counts", refused: str = "refused") -> None:
        self.words: Family[Any] = Family("w", self.row_type, pressure, self.version, self.older)
        self.families: Sequence[Family[Any]] = (self.words,)
        self._number = number
        self._topic = topic
        self._refused = refused
        self._pending: dict[str, int] = {}
        self._next = 0

    def fold(self, record: Any) -> Output | None:
        self._next = record.offset + 1
        if record.value == b"poison":
            raise ValueError("poison")
        if not record.value:
            return Published(self._refused, self._number, record.key, b"%d" % record.offset)
        word = record.value.decode()
        count = self.words.get(word) or self.row_type(0, 0)
        count.times += 1
        count.offset = record.offset
        self.words.put(word, "", count)
        self._pending.setdefault(word, record.offset)
        return None

    def restore(self, mark: int) -> None:
        self._pending = {word: row.offset for word, _, row in self.words if row.offset >= mark}
        self._next = mark

    def passed(self, end: int) -> None:
        self._next = end

    def release(self) -> None:
        pass

    def lost(self, begin: int, end: int) -> None:
        raise NotImplementedError("the words are all there")

    def cut(self, now_ms: int, idle: bool, behind: bool) -> tuple[Sequence[Output], Output | None, Any]:
        words = dict(self._pending)
        return [self._message(word) for word in words], None, (words, self._next)

    def _message(self, word: str) -> Output:
        row = self.words.get(word)
        assert row is not None
        return Published(self._topic, self._number, word.encode(), b"%d@%d" % (row.times, row.offset))

    def published(self, token: Any) -> None:
        words, upto = token
        for word in words:
            row = self.words.get(word)
            if row is not None and row.offset < upto:
                self._pending.pop(word, None)

    def mark(self) -> int:
        return min(self._pending.values(), default=self._next)
