"""Runs scenarios: a few at a time on one broker, and those that injure their broker each on its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from shutil import copytree

from app.broker import EmbeddedBroker, Proxied
from app.broker.probe import free_ports
from tests.faults import options
from tests.faults.outcome import Outcome
from tests.faults.scenario import Scenario
from tests.faults.stage import Stage, stage
from tests.faults.verdict import Verdict, judge

Told = Callable[[Outcome], None]


async def run(
    scenarios: Sequence[Scenario], seed: int, jobs: int, broker: EmbeddedBroker, told: Told = lambda one: None
) -> list[Outcome]:
    """Run all, at most `jobs` at a time; `told` hears of each as it ends. The outcomes are in the given order."""
    turn = asyncio.Semaphore(jobs)

    async def in_turn(one: Scenario) -> Outcome:
        async with turn, _broker_for(one, broker) as own:
            outcome = await play(one, seed, own)
        told(outcome)
        return outcome

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(in_turn(one), name=one.name) for one in scenarios]
    return [task.result() for task in tasks]


@asynccontextmanager
async def shared_broker(proxied: Proxied | None = None) -> AsyncIterator[EmbeddedBroker]:
    """Yield a running broker."""
    broker = EmbeddedBroker(proxied=proxied)
    try:
        await asyncio.to_thread(broker.start)
        yield broker
    finally:
        await asyncio.to_thread(broker.stop)


@asynccontextmanager
async def _broker_for(one: Scenario, shared: EmbeddedBroker) -> AsyncIterator[EmbeddedBroker]:
    if not one.own_broker:
        yield shared
        return
    async with shared_broker(Proxied(*free_ports(2))) as own:
        yield own


async def play(one: Scenario, seed: int, broker: EmbeddedBroker) -> Outcome:
    """Play one scenario and judge it. Whatever goes wrong in it is a problem of its outcome."""
    begun = time.monotonic()
    async with stage(broker, seed, **one.settings) as on:
        verdict = await _verdict(one, on)
        if verdict.problems and options.LOGS is not None:
            copytree(on.folder, options.LOGS / one.name, dirs_exist_ok=True)
        return Outcome(
            scenario=one.name,
            group=one.group,
            seed=seed,
            seconds=round(time.monotonic() - begun, 1),
            sent=sum(on.log.ends.values()),
            kills=on.kills,
            rebalances=on.journal.rebalances,
            refolded=on.journal.refolded,
            republished=on.journal.republished,
            checked=verdict.checked,
            verdict="FAILED" if verdict.problems else "caught" if one.caught or one.offstage else "exact",
            notes=on.notes,
            problems=verdict.problems,
        )


async def _verdict(one: Scenario, on: Stage) -> Verdict:
    try:
        await one.body(on)
        if one.offstage:
            return Verdict()
        await on.counted()
        verdict = await judge(on)
    except Exception as error:
        return Verdict(0, [f"{type(error).__name__}: {error}"])
    if one.caught:
        verdict = _teeth(verdict, on)
    verdict.problems += one.injured_nothing(on)
    return verdict


def _teeth(verdict: Verdict, on: Stage) -> Verdict:
    """A guard was switched off: that the verdict fails is what must happen."""
    if not verdict.checked or not verdict.problems:
        return Verdict(verdict.checked, [*verdict.problems, "it was not noticed that a guard was switched off"])
    on.notes += [f"caught: {line}" for line in verdict.problems[:3]]
    return Verdict(verdict.checked, [])
