"""The offline recount: what each row of a job must be, by the events that are on the topic. It shares no code."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import msgspec

Row = tuple[int, int]
"""Value and sends; sends is 0 where the row has none."""

MINUTE_MS: Final = 60_000
WITHIN_MS: Final = 600_000


class Gift(msgspec.Struct):
    """The members of an event that are counted."""

    event_id: str
    stream_id: str
    sender_id: str | None
    unit_value: int
    quantity: int
    event_time_ms: int


class Counted(msgspec.Struct):
    """The value of a result row."""

    value: int
    sends: int = 0


_gift = msgspec.json.Decoder(Gift)
_counted = msgspec.json.Decoder(Counted)


def recount(values: Iterable[bytes], job: str) -> dict[bytes, Row]:
    """Return the rows of `totals`, `gifters` or `gifters-dedup`, by key."""
    totals: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    gifters: defaultdict[str, int] = defaultdict(int)
    seen: dict[tuple[str, str], int] = {}
    for value in values:
        gift = _gift.decode(value)
        if job == "gifters-dedup" and _again(seen, gift):
            continue
        amount = gift.unit_value * gift.quantity
        total = totals[f"{gift.stream_id}|{gift.event_time_ms // MINUTE_MS * MINUTE_MS}"]
        total[0] += amount
        total[1] += gift.quantity
        if gift.sender_id is not None and job != "totals":
            gifters[f"{gift.stream_id}|{gift.sender_id}"] += amount
    rows = {key.encode(): (value, sends) for key, (value, sends) in totals.items()}
    return rows | {key.encode(): (value, 0) for key, value in gifters.items()}


def _again(seen: dict[tuple[str, str], int], gift: Gift) -> bool:
    """Return whether the gift was there within ten minutes of its time; if not, it is from now on."""
    id = gift.stream_id, gift.event_id
    before = seen.get(id)
    if before is not None and abs(gift.event_time_ms - before) <= WITHIN_MS:
        return True
    seen[id] = gift.event_time_ms
    return False


def row(key: bytes, value: bytes) -> Row:
    """Return what a contender's row says. A row of a gifter has no sends, whatever else it tells."""
    counted = _counted.decode(value)
    is_total = key[key.rfind(b"|") + 1 :].isdigit()
    return counted.value, counted.sends if is_total else 0


def difference(right: dict[bytes, Row], found: dict[bytes, Row]) -> str:
    """Return in a line what is not right, with an example; empty when all is."""
    missing = right.keys() - found.keys()
    extra = found.keys() - right.keys()
    wrong = [key for key, value in found.items() if key in right and right[key] != value]
    if not (missing or extra or wrong):
        return ""
    example = next(iter(wrong or missing or extra))
    said = f"{example.decode()} is {found.get(example)}, not {right.get(example)}"
    return f"of {len(right):,} rows {len(missing):,} missing, {len(wrong):,} wrong, {len(extra):,} not to be: {said}"
