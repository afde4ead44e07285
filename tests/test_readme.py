"""`README.md`: its programs run as they stand there, its samples are what the code makes, its lists are the code's."""

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka.partitioner import DefaultPartitioner
from prometheus_client.registry import Collector
from typer.main import get_command

from agents.dead_letters import dead_letter
from agents.domain.reject import Rejected
from agents.domain.rules import Rules
from app.cli import cli
from app.demo.picture import InProcess, Kept
from app.load.message import Send
from app.metrics import Metrics
from app.settings import Settings
from app.topology import topology
from schemas.board import GifterLeaderboard, StreamLeaderboard, StreamTotals
from schemas.dead_letter import REASONS, DeadLetterHeaders
from schemas.gift import GiftEvent
from schemas.spike import BigGift, SpikeUpdate

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SUBSCRIBER, PRODUCER = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
GIFTS = re.search(r"```jsonl\n(.*?)```", README, re.DOTALL)
SAMPLES: list[dict[str, Any]] = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", README, re.DOTALL)]
STRUCTS = (StreamTotals, GifterLeaderboard, StreamLeaderboard, BigGift, SpikeUpdate, DeadLetterHeaders)
RULES = Rules()
SECONDS = 60


def part(title: str) -> str:
    """Return one section of the page."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def gifts() -> list[bytes]:
    assert GIFTS is not None
    return GIFTS[1].strip().encode().split(b"\n")


def counted() -> tuple[InProcess, int]:
    """Return the pipeline after the gifts of the page, and their partition."""
    pipeline, key = InProcess(RULES), json.loads(gifts()[0])["stream_id"].encode()
    partitions = list(range(RULES.partitions))
    partition = DefaultPartitioner()(key, partitions, partitions)
    for gift in gifts():
        pipeline.take(Send(json.loads(gift)["event_time_ms"], key, gift, partition))
    return pipeline, partition


def test_the_gifts_decode() -> None:
    for gift in gifts():
        event = msgspec.json.decode(gift, type=GiftEvent)
        assert set(json.loads(gift)) <= set(event.__struct_fields__)


@pytest.mark.parametrize(("sample", "struct"), [*zip(SAMPLES, STRUCTS, strict=True)])
def test_every_sample_decodes_and_has_the_fields_of_its_struct(sample: dict[str, Any], struct: Any) -> None:
    msgspec.json.decode(json.dumps(sample), type=struct)
    fields = msgspec.structs.fields(struct)
    assert list(sample) == [field.encode_name for field in fields if field.required]


def test_the_boards_and_the_big_gift_are_what_the_code_makes_of_the_gifts() -> None:
    pipeline, _ = counted()
    made = {(topic, key): json.loads(value) for topic, key, value in pipeline.publish(0) if value is not None}
    topics = re.findall(r"^\*\*`([\w.-]+)`\*\*, key `(\S+\|\S+)`", README, re.MULTILINE)
    assert len(topics) == 3
    for name, sample in zip(topics, SAMPLES, strict=False):
        assert sample == made[name]
    assert SAMPLES[3] == made["engagement-spikes.v1", SAMPLES[3]["spike_id"]]


def test_the_dead_letter_is_what_the_code_makes_of_its_value() -> None:
    pipeline, partition = counted()
    value = re.search(r"For the value `(.*?)`:", README)
    assert value is not None
    fold, key = pipeline.folds[partition], json.loads(gifts()[0])["stream_id"].encode()
    record = Kept(fold.position, json.loads(gifts()[0])["event_time_ms"], key, value[1].encode())
    outcome = fold.fold(record)
    assert isinstance(outcome, Rejected)
    letter = dead_letter(record, outcome, RULES.source_topic, partition, "gifts.dead-letter.v1")
    assert {name: text.decode() for name, text in letter.headers} == SAMPLES[5]


def test_every_topic_is_named() -> None:
    for topic in topology(Settings(app_id="giftstream", topic_prefix="")):
        assert f"`{topic.name.replace('giftstream-', '<app id>-')}`" in part("The topics")


def test_the_reasons_are_the_closed_list() -> None:
    sentence = part("The topics").split("closed list:")[1].split("\n\n")[0]
    assert tuple(re.findall(r"`(\w+)`", sentence)) == REASONS


def test_the_commands_are_those_of_the_command_line() -> None:
    assert set(re.findall(r"^\| `giftstream ([\w -]+)` \|", README, re.MULTILINE)) == set(_commands(get_command(cli)))


def _commands(command: Any, path: str = "") -> Iterator[str]:
    for name, one in command.commands.items():
        if hasattr(one, "commands"):
            yield from _commands(one, f"{path}{name} ")
        else:
            yield path + name


@pytest.mark.parametrize("line", re.findall(r"^(?:\$ )?(giftstream [^#\n]*?)(?: +#.*)?$", README, re.MULTILINE))
def test_the_command_lines_have_options_that_exist(line: str) -> None:
    for one in re.split(r" && |, or: ", line):
        command = get_command(cli)
        for word in one.split()[1:]:
            if word.startswith("--"):
                assert any(word in option.opts for option in command.params), one
            elif word in getattr(command, "commands", {}):
                command = command.commands[word]  # type: ignore[attr-defined]


def test_the_metrics_exist() -> None:
    names = {sample.name for metric in _metrics() for sample in metric.samples}
    families = names | {metric.name for metric in _metrics()} | {f"{metric.name}_total" for metric in _metrics()}
    named = set(re.findall(r"`(giftstream_\w+)`", part("Metrics")))
    assert len(named) > 15
    assert named <= families


def _metrics() -> list[Any]:
    registry: Collector = Metrics().registry
    return list(registry.collect())


def test_every_file_that_is_named_is_there() -> None:
    named = set(re.findall(r"[`(]((?:app|agents|schemas|tests|docs|compose)/[\w./-]*)[`)]", README))
    named |= set(re.findall(r"\]\(([\w./]+)\)", README))
    assert len(named) > 15
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
    tour = set(re.findall(r"`(\w+\.py)`", part("How a gift becomes a rank")))
    assert [name for name in sorted(tour) if not (ROOT / "agents" / "domain" / name).exists()] == []


def test_the_glossary_has_a_word_once() -> None:
    words = re.findall(r"^\| ([\w, -]+) \|", part("Glossary"), re.MULTILINE)
    assert len(words) == len(set(words)) > 25


def test_the_programs_are_short() -> None:
    assert len(SUBSCRIBER.splitlines()) <= 15
    assert len(PRODUCER.splitlines()) <= 10


@asynccontextmanager
async def running(*command: str, broker: str) -> AsyncIterator[Process]:
    """Run a Python program in a process of its own; end it at the end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIFTSTREAM_")}
    environment |= {"GIFTSTREAM_BROKER": broker, "GIFTSTREAM_HTTP_PORT": "0"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, env=environment, stdout=PIPE, stderr=DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.communicate(), SECONDS)


@pytest.mark.broker
@pytest.mark.asyncio
async def test_the_subscriber_sees_what_the_producer_sends(broker: Any) -> None:
    at = broker.bootstrap
    async with running("-m", "app.cli", "topics", "create", broker=at) as topics:
        assert await asyncio.wait_for(topics.wait(), SECONDS) == 0
    async with running("-m", "app.cli", "worker", broker=at), running("-c", SUBSCRIBER, broker=at) as subscriber:
        for value in (5, 10):
            async with running("-c", PRODUCER, broker=at) as producer:
                assert await asyncio.wait_for(producer.wait(), SECONDS) == 0
            assert subscriber.stdout is not None
            line = await asyncio.wait_for(subscriber.stdout.readline(), SECONDS)
            assert line.decode() == f"other:try-out coin [(1, 'ana', {value})]\n"
