"""Which events have been seen within the horizon. Forgotten is what the watermark says, deleted is what came after."""

from collections import deque

from agents.domain.tables import FamilyT


class Seen:
    """The ids seen in one partition, by stream and event id.

    An id is remembered from t = max(event time, watermark) of the event that brought it, while t + horizon is at
    least the watermark. An older event would not be admitted, so no duplicate is ever missed.
    """

    __slots__ = ("_family", "_horizon_ms", "_queue")

    def __init__(self, family: FamilyT[int], horizon_ms: int) -> None:
        self._family = family
        self._horizon_ms = horizon_ms
        self._queue: deque[str] = deque()

    def remembered(self, stream: str, event_id: str, watermark: int) -> bool:
        """Tell whether the event has been seen within the horizon."""
        rows = self._family.groups.get(stream)
        at_ms = None if rows is None else rows.get(event_id)
        return at_ms is not None and at_ms + self._horizon_ms >= watermark

    def remember(self, stream: str, event_id: str, at_ms: int) -> None:
        """Remember an event from `at_ms` on."""
        self._family.put(stream, event_id, at_ms, 48 + len(stream) + len(event_id))
        self._queue.append(stream)
        self._queue.append(event_id)

    def forget(self, watermark: int, limit: int) -> None:
        """Delete at most `limit` ids that are past the horizon."""
        queue, before = self._queue, watermark - self._horizon_ms
        while limit and queue:
            stream, event_id = queue[0], queue[1]
            at_ms = self._family.get(stream, event_id)
            if at_ms is not None:
                if at_ms >= before:
                    return
                self._family.delete(stream, event_id)
            queue.popleft()
            queue.popleft()
            limit -= 1

    def restore(self) -> None:
        """Line up the loaded ids, oldest first."""
        rows = sorted((at_ms, stream, event_id) for stream, event_id, at_ms in self._family)
        self._queue = deque(part for _, stream, event_id in rows for part in (stream, event_id))
