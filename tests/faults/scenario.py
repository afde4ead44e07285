"""A scenario: what it injures, and what must be seen of it for the injury to be real."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.faults.stage import Stage

Body = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Scenario:
    """`body` injures something under load; the runner then lets the rest be counted and judges.

    `group` is the number of the scenario in the list of the README. It has injured nothing unless `replays` (events are
    folded again, or what follows from them is published again) and at least so many `rebalances` are seen. `caught`
    scenarios have a guard switched off and must be found wrong: they pass when the verdict fails. `short`: part of the
    short form. `own_broker`: it injures the broker or the way there, so it gets one for itself, to which a proxy may
    lead. `offstage`: no worker of giftstream takes part, and the body itself says whether it is as it must be.
    """

    name: str
    group: str
    body: Body
    replays: bool = True
    rebalances: int = 0
    caught: bool = False
    short: bool = False
    own_broker: bool = False
    offstage: bool = False
    settings: dict[str, Any] = field(default_factory=dict)

    def injured_nothing(self, stage: Stage) -> Iterator[str]:
        """Say what was meant to be seen and was not."""
        journal = stage.journal
        if self.replays and not (journal.refolded or journal.republished):
            yield "injured nothing: no event was folded again, and nothing of any was published again"
        if journal.rebalances < self.rebalances:
            yield f"injured nothing: {journal.rebalances} rebalances, at least {self.rebalances} were meant"


CATALOGUE: dict[str, Scenario] = {}
"""All scenarios, by name."""


def in_order() -> list[Scenario]:
    """Return all scenarios: by group, those that have none at the end."""
    return sorted(CATALOGUE.values(), key=lambda one: int(one.group) if one.group.isdecimal() else 99)


def scenario(group: str, name: str = "", **how: Any) -> Callable[[Body], Body]:
    """Add a function to the catalogue; its name, with dashes, is the scenario's if none is given."""

    def add(body: Body) -> Body:
        one = Scenario(name or body.__name__.replace("_", "-"), group, body, **how)
        assert one.name not in CATALOGUE, one.name
        CATALOGUE[one.name] = one
        return body

    return add
