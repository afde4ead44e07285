"""Where counting begins when there is no state yet, and the log has lost its beginning."""

from typing import Any

import pytest

from app.engine.partition import Identity
from app.engine.source_check import SourceCheck, Start


class Reader:
    """A log that begins at `first` and ends at 9."""

    def __init__(self, first: int) -> None:
        self.first = first

    async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        return self.first, 9


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("first", "whole", "start"),
    [(0, True, Start(0, 9)), (4, True, Start(4, 9, (0, 4))), (4, False, Start(4, 9))],
    ids=["nothing is lost", "meant to begin at 0", "begins where the log does"],
)
async def test_without_a_state(first: int, whole: bool, start: Start) -> None:
    reader: Any = Reader(first)
    assert await SourceCheck("gifts.v1", Identity(4, "rules"), reader, {}, whole).start(0, None) == start
