"""An explanation against a real broker, and what the command prints of it."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from app import cli
from app.audit.board_key import KeyProblem
from app.audit.explain import Conclusion
from app.audit.explain_run import explain
from app.audit.step import Step
from app.audit.told import Sum
from app.broker import EmbeddedBroker
from tests.audit.small_log import NOON
from tests.audit.test_run import Pipeline

pytestmark = pytest.mark.broker
STREAK = "streak k1 has come to 3 gifts of value 15"
KEY = f"tiktok:s|coin|1m|{NOON}"


async def explained(pipeline: Pipeline, key: str, member: str | None = None) -> list[Step | Conclusion]:
    return [line async for line in explain(pipeline.bootstrap, pipeline.options, key, member)]


def test_a_board_of_a_log_with_transactions_and_bad_records(broker: EmbeddedBroker) -> None:
    async def run() -> None:
        pipeline = await Pipeline.create(broker.bootstrap, "explained")
        await pipeline.give()
        await pipeline.publish()
        *steps, conclusion = await explained(pipeline, KEY)
        assert isinstance(conclusion, Conclusion)
        assert (len(steps), conclusion.verdict, conclusion.total) == (51, "equal", Sum(53, 265))
        *steps, conclusion = await explained(pipeline, KEY, "u1")
        assert [step.sender_id for step in steps if isinstance(step, Step)] == ["u1"] * 7
        *steps, conclusion = await explained(pipeline, "tiktok:s|coin|stream|0")
        assert [step.why for step in steps if isinstance(step, Step) and step.why] == ["null_value", STREAK]
        with pytest.raises(KeyProblem, match="the newest boards of tiktok:s are"):
            await explained(pipeline, "tiktok:s|bit|stream|0")

    asyncio.run(run())


def test_the_command_prints_a_table_or_a_line_a_record(broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    async def prepare() -> None:
        pipeline = await Pipeline.create(broker.bootstrap, "printed")
        await pipeline.give()
        await pipeline.publish()

    asyncio.run(prepare())
    for name, value in (("BROKER", broker.bootstrap), ("TOPIC_PREFIX", "printed."), ("APP_ID", "printed")):
        monkeypatch.setenv(f"GIFTSTREAM_{name}", value)
    monkeypatch.setenv("GIFTSTREAM_PARTITIONS", "3")
    monkeypatch.setenv("GIFTSTREAM_PARTITIONER", "any")
    monkeypatch.setenv("COLUMNS", "200")
    asked = ["audit", "--explain", KEY, "--member", "ana"]
    table = CliRunner().invoke(cli.cli, asked)
    assert (table.exit_code, "equal: at 0:" in table.stdout, STREAK in table.stdout) == (0, True, True)
    step, conclusion = map(json.loads, CliRunner().invoke(cli.cli, [*asked, "--json"]).stdout.splitlines())
    assert (step["became"], step["sender_id"], step["value"], step["why"]) == ("counted", "ana", 15, STREAK)
    assert (conclusion["verdict"], conclusion["published"]) == ("equal", {"sends": 3, "value": 15})
