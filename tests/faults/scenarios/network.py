"""Group 5: a slow and lossy network between worker and broker. Load and verdict go by another way."""

import asyncio
from random import Random
from typing import Final

from tests.faults.proxy import CALM, Proxy, Weather
from tests.faults.scenario import scenario
from tests.faults.scenarios.kills import BETWEEN
from tests.faults.stage import Stage
from tests.integration.waiting import until

DELAYED: Final = Weather(delayed=1.0)
"""Each produce request takes 2 s more: 40 flush intervals, and a worker that takes over has many to wait for."""

CUTS: Final = Weather(cut=0.04)
ACKS_LOST: Final = Weather(ack_lost=0.25)
MIXED: Final = Weather(delayed=0.1, cut=0.02, ack_lost=0.1, answer_lost=0.01)


async def behind_a_proxy(stage: Stage) -> Proxy:
    """Have the workers go by a proxy, which stays as long as they live."""
    proxied = stage.broker.proxied
    assert proxied is not None
    proxy = Proxy(proxied.advertised, proxied.port, Random(stage.seed))
    stage.way_in = proxy.address
    return await stage.until_the_end.enter_async_context(proxy)


async def bad_weather(stage: Stage, weather: Weather, at_least: dict[str, int]) -> None:
    """A worker dies in bad weather, another takes over in it, and a third one joins; then it clears up."""
    proxy = await behind_a_proxy(stage)

    async def injured() -> bool:
        return all(proxy.injuries[name] >= times for name, times in at_least.items())

    async with stage.load():
        first = stage.start(die_at={"batch_folded": 20})
        await stage.until_assigned(first)
        proxy.weather = weather
        await stage.dies(first)
        heir = stage.start()
        await stage.until_assigned(heir)
        await stage.until_more(BETWEEN)
        stage.start()
        await stage.until_more(BETWEEN)
        await until(injured, f"{at_least} injuries, only {dict(proxy.injuries)}")
        proxy.weather = CALM
    tell(stage, proxy)


def tell(stage: Stage, proxy: Proxy) -> None:
    done = ", ".join(f"{number} {name}" for name, number in sorted(proxy.injuries.items()))
    stage.notes.append(f"requests injured: {done}")


@scenario("5", "acks-lost", short=True, own_broker=True, rebalances=1)
async def acks_lost(stage: Stage) -> None:
    """Runs and boards come to the broker and their acks do not come back: they are sent again, and kept once."""
    await bad_weather(stage, ACKS_LOST, {"ack_lost": 20})


@scenario("5", "slow-produce", own_broker=True, rebalances=1)
async def slow_produce(stage: Stage) -> None:
    """Each produce request is 2 s late, also those of a takeover; nothing else is."""
    await bad_weather(stage, DELAYED, {"delayed": 20})


@scenario("5", "cut-connections", own_broker=True, rebalances=1)
async def cut_connections(stage: Stage) -> None:
    """Connections of all kinds are cut in the middle of a request."""
    await bad_weather(stage, CUTS, {"cut": 30})


@scenario("5", "lossy-network", own_broker=True, rebalances=1)
async def lossy_network(stage: Stage) -> None:
    """All of it at random, and the answers to other requests are lost too."""
    await bad_weather(stage, MIXED, {"delayed": 5, "cut": 5, "ack_lost": 5})


@scenario("5", "late-run", own_broker=True, rebalances=1)
async def late_run(stage: Stage) -> None:
    """Runs are still on their way when their sender is dead and has an heir: the broker refuses them."""
    proxy = await behind_a_proxy(stage)
    clear = asyncio.Event()

    async def hold(seconds: float) -> None:
        proxy.injuries["held"] += 1
        await clear.wait()

    async def are_held() -> bool:
        return proxy.injuries["held"] >= stage.settings.partitions

    async def have_come() -> bool:
        return proxy.injuries["delayed"] == proxy.injuries["held"]

    proxy.sleep = hold
    async with stage.load():
        sender = await stage.worker()
        await stage.until_more(BETWEEN)
        proxy.weather = DELAYED
        await until(are_held, "a run of each partition is held")
        await stage.kill(sender)
        proxy.weather = CALM
        await stage.worker()
        await stage.until_more(BETWEEN)
        clear.set()
        await until(have_come, "all have come to the broker")
        await stage.until_more(BETWEEN)
    tell(stage, proxy)
