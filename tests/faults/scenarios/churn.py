"""Group 2: workers join and leave in turn."""

from tests.faults.scenario import scenario
from tests.faults.scenarios.kills import BETWEEN
from tests.faults.stage import Stage

TOGETHER = 3
JOINING = 20


async def churn(stage: Stage, joining: int) -> None:
    """Each that joins makes a random one of those that were there leave: told to stop, or killed."""
    async with stage.load(rate=200):
        there = [await stage.worker()]
        for _ in range(joining - 1):
            there.append(stage.start())
            await stage.until_assigned(there[-1])
            await stage.until_more(BETWEEN // 2)
            if len(there) < TOGETHER:
                continue
            leaving = there.pop(stage.random.randrange(TOGETHER - 1))
            if stage.random.random() < 0.5:
                await stage.kill(leaving)
            else:
                code = await leaving.stop()
                assert code == 0, f"worker {leaving.number} ended with {code}: {leaving.last_line}"


@scenario("2", "twenty-come-and-go", rebalances=JOINING - 1)
async def twenty(stage: Stage) -> None:
    """Twenty workers join and leave in turn, three alive at once: a rebalance for each that joins the first.

    Who is told to leave makes another one; who is killed is often noticed only when the next one joins.
    """
    await churn(stage, JOINING)
