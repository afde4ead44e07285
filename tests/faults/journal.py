"""What the workers of one stage did, kept where `kill -9` takes nothing of it: a shared file of lines, one of numbers.

The numbers are, for each partition, the highest position that any worker has folded, and that any has published. So a
takeover can say how many events are folded again, and the stage knows how far the workers are without asking Kafka.
"""

import os
import struct
from collections import Counter
from collections.abc import Iterator
from mmap import mmap
from pathlib import Path
from typing import Any, Final

import orjson

SLOT: Final = struct.Struct("<qq")
"""Folded, published."""


class Journal:
    """Both files, in a folder. Workers write, the stage reads."""

    def __init__(self, folder: Path, partitions: int) -> None:
        self.folder = folder
        self._lines = os.open(folder / "journal.jsonl", os.O_RDWR | os.O_APPEND | os.O_CREAT)
        with (folder / "positions").open("ab") as file:
            file.truncate(partitions * SLOT.size)
        with (folder / "positions").open("r+b") as file:
            self._slots = mmap(file.fileno(), partitions * SLOT.size)
        self._partitions = partitions

    def close(self) -> None:
        os.close(self._lines)
        self._slots.close()

    def write(self, what: str, **told: Any) -> None:
        """Add one line; the process may be killed right after."""
        os.write(self._lines, orjson.dumps({"what": what, "pid": os.getpid(), **told}) + b"\n")

    def folded(self, partition: int, position: int) -> None:
        """A worker has folded everything before `position`."""
        folded, published = self._slot(partition)
        if position > folded:
            SLOT.pack_into(self._slots, partition * SLOT.size, position, published)

    def published(self, partition: int, position: int) -> None:
        """A worker has published everything before `position`."""
        folded, published = self._slot(partition)
        if position > published:
            SLOT.pack_into(self._slots, partition * SLOT.size, folded, position)

    def folded_by_anyone(self, partition: int) -> int:
        return self._slot(partition)[0]

    @property
    def positions(self) -> dict[int, int]:
        """How far each partition has been published."""
        return {number: self._slot(number)[1] for number in range(self._partitions)}

    def lines(self, what: str) -> Iterator[dict[str, Any]]:
        """Yield the lines of one kind, in order."""
        for line in (self.folder / "journal.jsonl").read_bytes().splitlines():
            told: dict[str, Any] = orjson.loads(line)
            if told["what"] == what:
                yield told

    @property
    def refolded(self) -> int:
        """Events that were folded again because the worker that had folded them was gone before they were durable."""
        return sum(line["refolded"] for line in self.lines("taken_over"))

    @property
    def republished(self) -> int:
        """Events that were durable and not known to be published when their partition was taken over."""
        return sum(line["republished"] for line in self.lines("taken_over"))

    @property
    def rebalances(self) -> int:
        """Generations of the consumer group after the first."""
        return max(0, len({line["generation"] for line in self.lines("assigned")}) - 1)

    @property
    def deaths(self) -> Counter[str]:
        """Points at which a worker ended itself."""
        return Counter(line["point"] for line in self.lines("died"))

    def _slot(self, partition: int) -> tuple[int, int]:
        folded, published = SLOT.unpack_from(self._slots, partition * SLOT.size)
        return folded, published
