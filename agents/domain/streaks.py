"""Streaks by max register: each frame counts what it adds to the most that its streak has shown.

So a streak counts live, and lost, doubled, reordered and re-sent frames change nothing. `streak_end` only closes.
"""

from collections import deque

from agents.domain.event import Event
from agents.domain.rows import Register
from agents.domain.tables import FamilyT


class Streaks:
    """The registers of one partition, by stream and then sender, recipient, gift and streak.

    A register lives while its time + horizon is at least the watermark; every frame renews the time.
    """

    __slots__ = ("_family", "_horizon_ms", "_queue")

    def __init__(self, family: FamilyT[Register], horizon_ms: int) -> None:
        self._family = family
        self._horizon_ms = horizon_ms
        self._queue: deque[tuple[int, str, str]] = deque()

    def gain(self, event: Event, value: int, watermark: int) -> tuple[int, int]:
        """Return the quantity and value that a frame adds; `value` is its cumulative value. (0, 0): unchanged."""
        stream, quantity = event.stream_id, event.quantity
        member = f"{event.sender_id or ''}|{event.recipient_id or ''}|{event.gift_id}|{event.streak_id}"
        register = self._family.get(stream, member)
        if register is None:
            register = Register(0, 0, 0)
            self._queue.append((max(event.event_time_ms, watermark), stream, member))
        elif register.at_ms + self._horizon_ms < watermark:
            register.quantity = register.value = register.at_ms = 0
        gained = max(0, quantity - register.quantity), max(0, value - register.value)
        register.quantity += gained[0]
        register.value += gained[1]
        register.at_ms = max(register.at_ms, event.event_time_ms, watermark)
        self._family.put(stream, member, register, 64 + len(stream) + len(member))
        return gained

    def forget(self, watermark: int, limit: int) -> None:
        """Look at no more than `limit` registers that have been past the horizon, and delete those that still are.

        One that a frame has renewed lines up again, by its new time.
        """
        queue, before = self._queue, watermark - self._horizon_ms
        while limit and queue and queue[0][0] < before:
            limit -= 1
            _, stream, member = queue.popleft()
            register = self._family.get(stream, member)
            if register is not None and register.at_ms >= before:
                queue.append((register.at_ms, stream, member))
            else:
                self._family.delete(stream, member)

    def restore(self) -> None:
        """Line up the loaded registers, oldest first."""
        self._queue = deque(sorted((register.at_ms, stream, member) for stream, member, register in self._family))
