"""What else the log holds, for whoever asked for a board that it does not know."""

from difflib import get_close_matches
from typing import Final

from app.audit.board_key import BoardKey
from app.audit.calendar import BROADCAST, Calendar
from app.audit.fate import Fate
from app.audit.recount import board_key, scopes_of

REMEMBERED: Final = 10_000
SHOWN: Final = 5


class Namesakes:
    """Remembers, within bounds, the boards of the owner that was asked for, and owners and members by name."""

    def __init__(self, key: BoardKey, member: str | None, calendar: Calendar) -> None:
        self._key = key
        self._member = member
        self._calendar = calendar
        self._gifts = 0
        self._boards: dict[str, None] = {}
        self._owners: dict[str, None] = {}
        self._members: dict[str, None] = {}

    def note(self, fate: Fate) -> None:
        """Take in what became of a record."""
        event = fate.event
        if event is None or fate.what != "counted":
            return
        self._gifts += 1
        owners = scopes_of(event) if self._key.is_scope else (event.stream_id,)
        for owner in owners:
            _remember(self._owners, owner, REMEMBERED)
        if self._key.owner not in owners:
            return
        windows = self._calendar.windows(event.event_time_ms)
        for window in windows if self._key.is_scope else (*windows, BROADCAST):
            key = board_key(self._key.owner, event.value_unit, window)
            if key == str(self._key):
                _remember(self._members, (event.stream_id if self._key.is_scope else event.sender_id) or "", REMEMBERED)
            _remember(self._boards, key, SHOWN)

    def explain(self) -> str:
        """Say that there is no such board, what there is instead, and what to do."""
        key, owner = self._key, self._key.owner
        if not self._gifts:
            return f"no gift was counted at all, so there is no board {key}; see giftstream dead-letters list"
        if self._members:
            return f"{self._member} has nothing on {key}; there are {_some(self._members, self._member)}"
        if self._boards:
            return f"nothing was given on {key}; the newest boards of {owner} are {_some(self._boards)}"
        found = _some(self._owners, owner)
        return f"there is no gift for {owner} among the {self._gifts:,} that were counted; there are {found}"


def _remember(names: dict[str, None], name: str, most: int) -> None:
    """Add the newest name; the oldest goes."""
    names.pop(name, None)
    names[name] = None
    if len(names) > most:
        del names[next(iter(names))]


def _some(names: dict[str, None], like: str | None = None) -> str:
    close = get_close_matches(like, names, SHOWN, 0.4) if like else []
    shown = close or list(names)[-SHOWN:]
    more = len(names) - len(shown)
    return ", ".join(name or "anonymous" for name in shown) + (f" and {more:,} more" if more else "")
