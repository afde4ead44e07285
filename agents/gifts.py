"""The gifts agent: runs of gifts in, and for each partition a machine that counts them."""

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from agents.dead_letters import dead_letter
from agents.domain.fold import GiftFold
from agents.domain.messages import TOPICS, Cut, Message
from agents.domain.record import Record
from agents.output import Output, Topics
from schemas.dead_letter import Reason

if TYPE_CHECKING:
    from app.engine.rows import Family
    from app.engine.runs import Run


class Acked(NamedTuple):
    """What became durable and published by one run: the records folded, by outcome and by reason of refusal.

    `watermark_ms` is the watermark at the cut, so its age is the latency of the newest gift's boards. `spikes` and
    `big_gifts` were found since the run before.
    """

    outcomes: Mapping[str, int]
    rejected: Mapping[Reason, int]
    messages: Sequence[Message]
    watermark_ms: int
    spikes: int
    big_gifts: int


class GiftMachine:
    """Counts one partition of the source topic and says what to publish. The engine drives it."""

    def __init__(
        self,
        fold: GiftFold,
        families: "Mapping[str, Family[Any]]",
        source: str,
        partition: int,
        topics: Topics,
        behind_board_ms: int,
        acked: Callable[[Acked], None],
    ) -> None:
        self.tables = families
        self.families = tuple(families.values())
        self.state = fold
        self.partition = partition
        self._source = source
        self._topics = topics
        # The partials topic has one partition; everything else goes to the partition its gifts came from.
        self._places: dict[str, tuple[str, int]] = {
            to: (getattr(topics, to), 0 if to == "partials" else partition) for to in TOPICS
        }
        self._behind_board_ms = behind_board_ms
        self._acked = acked
        self._ledger = fold.ledger
        self._rejected: dict[Reason, int] = {}

    def fold(self, record: Record) -> Output | None:
        """Count one record; return its dead letter if it was refused."""
        outcome = self.state.fold(record)
        if isinstance(outcome, str):
            return None
        self._rejected[outcome.reason] = self._rejected.get(outcome.reason, 0) + 1
        return dead_letter(record, outcome, self._source, self.partition, self._topics.dead_letters)

    def restore(self, mark: int) -> None:
        """The rows were loaded: rebuild what is derived from them."""
        self.state.restore(mark)
        self._ledger = self.state.ledger

    def passed(self, end: int) -> None:
        """Nothing to count lies before offset `end`."""
        self.state.passed(end)

    def lost(self, begin: int, end: int) -> None:
        """The operator accepts that the records from offset `begin` to `end` are gone."""
        self.state.lost(begin, end)

    def release(self) -> None:
        """The partition is given up."""
        self.state.release()

    def cut(self, now_ms: int, idle: bool, behind: bool) -> tuple[list[Output], Output | None, tuple[Cut, Acked]]:
        """Return the boards, partials and spikes to publish once the changed rows are durable, and the progress."""
        cut = self.state.cut(now_ms, idle, self._behind_board_ms if behind else 0)
        acked = self._since_before(cut)
        outputs: list[Output] = []
        for to, key, value in cut.messages:
            topic, partition = self._places[to]
            outputs.append(Output(topic, partition, key.encode(), value))
        progress = outputs.pop() if cut.progress else None
        return outputs, progress, (cut, acked)

    def published(self, token: tuple[Cut, Acked]) -> None:
        """Those outputs are acknowledged."""
        cut, acked = token
        self.state.published(cut)
        self._acked(acked)

    def _since_before(self, cut: Cut) -> Acked:
        """Return what was folded since the cut before this one."""
        before, now = self._ledger, self.state.ledger
        rejected, self._rejected, self._ledger = self._rejected, {}, now
        late = now.late - before.late
        outcomes = {
            "counted": now.counted - before.counted - late,
            "late": late,
            "unchanged": now.unchanged - before.unchanged,
            "duplicate": now.duplicates - before.duplicates,
        }
        return Acked(
            {outcome: count for outcome, count in outcomes.items() if count},
            rejected,
            cut.messages,
            self.state.watermark,
            now.spikes - before.spikes,
            now.big_gifts - before.big_gifts,
        )

    def mark(self) -> int:
        """Every change by a record below this offset has been published."""
        return self.state.mark()


def gifts_agent(fold: "Callable[[Run], Awaitable[None]]") -> "Callable[[AsyncIterable[Run]], Awaitable[None]]":
    """Return the agent's function: each run goes to the state table, which folds it."""

    async def gifts(runs: "AsyncIterable[Run]") -> None:
        async for run in runs:
            await fold(run)

    return gifts
