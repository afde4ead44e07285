"""How large a run is said to be: not less than it is, or it might not fit; not much more, or runs would be short."""

from functools import partial

import pytest

from agents.domain.fold import GiftFold
from agents.domain.rules import Rules
from app.engine.changelog import changed_rows
from app.engine.rows import Pressure
from app.load.options import LoadOptions
from app.load.simulation import Simulation
from app.pipeline import new_tables
from tests.builders import SimpleRecord, gift, record

RECORD_BYTES = 12
"""What surrounds key and value of a record in a batch, at least."""


def sizes(records: list[SimpleRecord]) -> tuple[int, int]:
    """Return the estimated size of what these records change, and the true one."""
    pressure = Pressure()
    tables, families = new_tables(pressure)
    fold = GiftFold(Rules(partitioner="any"), 0, tables)
    for one in records:
        fold.fold(one)
    fold.cut(0, False, 0)
    rows = changed_rows(families.values())
    return pressure.bytes, sum(RECORD_BYTES + len(key) + len(value or b"") for key, value in rows)


def test_of_simulated_gifts() -> None:
    options = LoadOptions(rate=500, streams=100, gifters=2_000, seconds=20, seed=1)
    sent = [SimpleRecord(at, one.at_ms, one.key, one.value) for at, one in enumerate(Simulation(options))]
    estimated, true = sizes(sent)
    assert true <= estimated <= 2 * true


@pytest.mark.parametrize("name", ["x" * 200, "\u5b57" * 200, "\U0001f981" * 200])
def test_of_the_longest_names(name: str) -> None:
    named = partial(gift, sender_name=name, channel_name=name, gift_name=name, region="DE")
    sent = [record(at, named(sender=f"{at:020}")) for at in range(500)]
    estimated, true = sizes(sent)
    assert true <= estimated <= 2 * true
