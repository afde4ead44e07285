"""Streaks by max register: each frame counts what it adds to the most that its streak has shown.

So a streak counts live, and lost, doubled, reordered and re-sent frames change nothing. `streak_end` only closes.
"""

from collections import deque

from mypy_extensions import i64

from agents.domain.event import Event
from agents.domain.rows import Register
from agents.domain.tables import FamilyT


class Streaks:
    """The registers of one partition, by stream and then sender, recipient, gift and streak.

    A register lives while its time + horizon is at least the watermark; every frame renews the time.
    """

    __slots__ = ("_family", "_horizon_ms", "_queue", "_registers", "_run")

    def __init__(self, family: FamilyT[Register], horizon_ms: int) -> None:
        self._family = family
        self._registers: dict[str, dict[str, Register]] = family.groups
        self._horizon_ms: i64 = horizon_ms
        self._run: i64 = 0
        self._queue: deque[tuple[int, str, str]] = deque()

    def gain(self, event: Event, value: i64, watermark: i64) -> tuple[i64, i64]:
        """Return the quantity and value that a frame adds; `value` is its cumulative value. (0, 0): unchanged."""
        stream = event.stream_id
        at_ms: i64 = max(event.event_time_ms, watermark)
        member = f"{event.sender_id or ''}|{event.recipient_id or ''}|{event.gift_id}|{event.streak_id}"
        registers = self._registers.get(stream)
        register = None if registers is None else registers.get(member)
        if register is None:
            register = Register(0, 0, 0)
            self._queue.append((at_ms, stream, member))
        elif register.at_ms + self._horizon_ms < watermark:
            register.quantity = register.value = register.at_ms = 0
        quantity = max(event.quantity - register.quantity, 0)
        gained = max(value - register.value, 0)
        register.quantity += quantity
        register.value += gained
        register.at_ms = max(register.at_ms, at_ms)
        if register.run != self._run:
            register.run = self._run
            self._family.put(stream, member, register, 64 + len(stream) + len(member))
        return quantity, gained

    def cut(self) -> None:
        """The changed rows are about to be taken: each register's next change is told to the family again."""
        self._run += 1

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
