"""The rows behind boards against the recount: each holds what one gifter, gift or region has in several windows.

Cells of boards that are archived or gone are dead and not looked at. Those of a live board must be the recount's, each,
and none may be missing.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from msgspec.structs import asdict

from app.audit.difference import difference
from app.audit.state_boards import Case, Live
from app.audit.state_rows import (
    Cell,
    Family,
    GiftCell,
    GifterCell,
    RowError,
    StreamCell,
    read_cells,
    read_key,
    row_key,
    window_of,
)
from app.audit.tally import Tally


class Kind(NamedTuple):
    """One family of such rows.

    `owner` returns the owner and unit of a board that a row of a group and member has a cell of, joined by a bar;
    `cell` what a tally asks for there, as window id in, cell out, None if nothing; `places` group and member of all
    rows that a tally asks for.
    """

    family: Family
    cell_type: type[Cell]
    owner: Callable[[str, str], str]
    cell: Callable[[Tally, str, str, int], Cell | None]
    places: Callable[[Tally], Iterable[tuple[str, str]]]


def compare_cells(case: Case, totals: Live, scopes: Live) -> None:
    """Compare the gifters, gifts and regional streams behind the live boards."""
    regions = {key: board for key, board in scopes.items() if key.startswith(_REGION)}
    for kind, live in ((GIFTERS, totals), (GIFTS, totals), (STREAMS, regions)):
        _Comparison(case, kind, live).run()


class _Comparison:
    """The rows of one family. `_found` counts, by board, the cells that are asked for and there."""

    def __init__(self, case: Case, kind: Kind, live: Live) -> None:
        self._case = case
        self._kind = kind
        self._live = live
        self._found: Counter[str] = Counter()
        self._differing: set[bytes] = set()

    def run(self) -> None:
        for key, value in self._case.state.rows(self._kind.family).items():
            self._compare(key, value)
        for board, (number, tally) in self._live.items():
            if tally is not None and self._found[board] < sum(1 for _ in self._kind.places(tally)):
                self._name_missing(number, tally)

    def _compare(self, key: bytes, value: bytes) -> None:
        verdicts, family = self._case.verdicts, self._kind.family
        try:
            expected, found, is_uncertain = self._live_cells(key, value)
        except RowError as error:
            self._differ(key, str(error))
            return
        if not found:
            if is_uncertain:
                verdicts.unverifiable(family)
        elif not expected:
            verdicts.compared(family, key, f"expected no cell of {', '.join(found)}", "extra")
        elif (detail := difference(expected, found)) is not None:
            self._differ(key, detail)
        else:
            verdicts.compared(family, key, None)

    def _live_cells(self, key: bytes, value: bytes) -> tuple[dict[str, Any], dict[str, Any], bool]:
        """Return what a row ought to have in the live boards that it speaks of, what it has, and if some are uncertain.

        Raises RowError.
        """
        _, group, member = read_key(key)
        owner = self._kind.owner(group, member)
        expected, found, is_uncertain = {}, {}, False
        for cell in read_cells(value, self._kind.cell_type):
            name, start_ms = window_of(cell.window_id)
            board = f"{owner}|{name}|{0 if name == 'stream' else start_ms}"
            live = self._live.get(board)
            if live is not None and live.tally is None:
                is_uncertain = True
            elif live is not None and live.tally is not None and live.window_id == cell.window_id:
                window = f"{name}|{start_ms}"
                if window in found:
                    raise RowError(f"{window}: expected one cell, found two")
                found[window] = asdict(cell)
                asked = self._kind.cell(live.tally, group, member, cell.window_id)
                if asked is not None:
                    expected[window] = asdict(asked)
                    self._found[board] += 1
        return expected, found, is_uncertain

    def _differ(self, key: bytes, detail: str) -> None:
        self._differing.add(key)
        self._case.verdicts.compared(self._kind.family, key, detail)

    def _name_missing(self, number: int, tally: Tally) -> None:
        """Name the rows that lack a live board's cell, each once."""
        window = "{}|{}".format(*window_of(number))
        for group, member in self._kind.places(tally):
            key = row_key(self._kind.family, group, member)
            value = self._case.state.rows(self._kind.family).get(key)
            if key in self._differing or (value is not None and self._has(value, number)):
                continue
            self._differing.add(key)
            detail = f"{window}: expected a cell, found no {'row' if value is None else 'such cell'}"
            self._case.verdicts.find("missing", self._kind.family, key, detail)

    def _has(self, value: bytes, number: int) -> bool:
        return any(cell.window_id == number for cell in read_cells(value, self._kind.cell_type))


def _gifter(tally: Tally, group: str, member: str, number: int) -> Cell | None:
    line = tally.lines.get(member)
    return None if line is None else GifterCell(number, line.name, line.value, line.sends, line.reached_ms)


def _gift(tally: Tally, group: str, member: str, number: int) -> Cell | None:
    gift = tally.gifts.get(member)
    return None if gift is None else GiftCell(number, gift.name, gift.value, gift.sends)


def _stream(tally: Tally, group: str, member: str, number: int) -> Cell | None:
    line = tally.lines.get(group.partition("|")[0])
    return (
        None
        if line is None
        else StreamCell(number, line.channel_id, line.name, line.value, line.sends, line.reached_ms)
    )


def _region_of(group: str, member: str) -> str:
    return f"{_REGION}{member}|{group.partition('|')[2]}"


_REGION: Final = "region:"
GIFTERS: Final = Kind(
    "gifters",
    GifterCell,
    lambda group, member: group,
    _gifter,
    lambda tally: ((f"{tally.owner}|{tally.unit}", sender) for sender in tally.lines),
)
GIFTS: Final = Kind(
    "gifts",
    GiftCell,
    lambda group, member: group,
    _gift,
    lambda tally: ((f"{tally.owner}|{tally.unit}", gift) for gift in tally.gifts),
)
STREAMS: Final = Kind(
    "streams",
    StreamCell,
    _region_of,
    _stream,
    lambda tally: ((f"{stream}|{tally.unit}", tally.owner.removeprefix(_REGION)) for stream in tally.lines),
)
