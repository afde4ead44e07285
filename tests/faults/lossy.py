"""A load of which records are lost later, and what it means without them."""

from collections import Counter
from collections.abc import Iterator

from app.load.answer import Answer
from app.load.message import Message
from app.load.options import LoadOptions
from tests.faults.load import Load, PlacedSimulation, SourceLog
from tests.faults.stage import Stage
from tests.integration.harness import Place


class KeptAnswer(Answer):
    """Keeps what it is told."""

    def __init__(self, options: LoadOptions) -> None:
        super().__init__(options)
        self.told: list[Message] = []

    def tell(self, message: Message) -> None:
        self.told.append(message)
        super().tell(message)

    def placed(self) -> Iterator[tuple[Place, Message]]:
        """Yield every message with its place in the log."""
        ends: Counter[int] = Counter()
        for message in self.told:
            partition = message.stream.partition
            yield (partition, ends[partition]), message
            ends[partition] += 1


class KeptSimulation(PlacedSimulation):
    """Its answer can be given again, without some of the records."""

    def __init__(self, options: LoadOptions, log: SourceLog) -> None:
        super().__init__(options, log)
        self.answer: KeptAnswer = KeptAnswer(options)


def forget_lost(stage: Stage, load: Load) -> None:
    """Let the stage's answer and bad records be those of the log without the lost records."""
    kept = load.simulation.answer
    assert isinstance(kept, KeptAnswer)
    for message in kept.told:
        message.came = False
        if message.streak is not None:
            message.streak.came = 0
    answer = Answer(load.simulation.options)
    bad = set()
    for place, message in kept.placed():
        if not _is_lost(stage, place):
            refused = answer.dead_lettered
            answer.tell(message)
            if answer.dead_lettered > refused:
                bad.add(place)
    stage.answers = [answer]
    stage.log.bad = bad


def _is_lost(stage: Stage, place: Place) -> bool:
    partition, offset = place
    first, last = stage.lost.get(partition, (0, -1))
    return first <= offset <= last
