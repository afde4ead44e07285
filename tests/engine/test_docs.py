"""`docs/engine.md`: its program runs as it stands there, and its lists are those of the code."""

import asyncio
import inspect
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from app.engine import errors
from app.engine.changelog import RowLoader
from app.engine.filling import MAX_BATCH_BYTES, OUTPUT_BATCH_BYTES
from app.engine.partition import RUN_BYTES, SLACK_MS, SLICE_SECONDS, FlushOptions, Partition
from app.engine.row_form import encode_row
from app.engine.rows import Family, Pressure
from app.engine.takeover import RENEW_SECONDS
from tests.engine.fake_log import IDENTITY, Broker, Crash, FakeLog, Time, run_of
from tests.engine.toy import Word

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "engine.md").read_text(encoding="utf-8")
TOPICS, PROGRAM, NEW_ROW = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
WORDS = [b"to", b"be", b"", b"or", b"not", b"to", b"be", b"", b"to"]
COUNTS = {b"to": b"3", b"be": b"2", b"or": b"1", b"not": b"1"}
SECONDS = 40


def program() -> SimpleNamespace:
    """Run the page's program as a module that is imported."""
    names: dict[str, Any] = {"__name__": "words"}
    exec(compile(PROGRAM, "docs/engine.md", "exec"), names)
    return SimpleNamespace(**names)


def recover(broker: Broker) -> Partition:
    """Take over from what the broker kept, with the page's machine."""
    pressure = Pressure()
    machine = program().WordCounter(0, pressure)
    loader = RowLoader(machine.families)
    loader.load(broker.changelog)
    commit = loader.commit
    machine.restore(commit.mark if commit else 0)
    return Partition(
        0,
        machine,
        pressure,
        FakeLog(broker),
        IDENTITY,
        commit=commit,
        start=commit.position if commit else 0,
        next_changelog=len(broker.changelog),
        options=FlushOptions(),
        clock=Time().clock(),
    )


async def count_on(partition: Partition) -> None:
    log = [Word(offset, word) for offset, word in enumerate(WORDS)]
    while partition.position < len(log):
        await partition.fold(run_of(log[partition.position : partition.position + 2]))
        await partition.flush()
    await partition.freeze()


@pytest.mark.asyncio
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("deaths", range(1, 13))
async def test_the_machine_counts_right_whichever_write_is_its_last(deaths: int, after: bool) -> None:
    broker = Broker(deaths=deaths, after=after)
    with pytest.raises(Crash):
        await count_on(recover(broker))
    broker.deaths = -1
    await count_on(recover(broker))
    counts = {output.key: output.value for output in broker.published if output.topic == "word-counts"}
    refused = {output.value for output in broker.published if output.topic == "words-refused"}
    assert counts == COUNTS
    assert refused == {b"offset 2", b"offset 7"}


def test_the_changed_row_reads_what_the_program_wrote_before() -> None:
    names: dict[str, Any] = {"msgspec": msgspec, "Any": Any, "Family": Family, "pressure": Pressure()}
    exec(compile(NEW_ROW, "docs/engine.md", "exec"), names)
    form = names["words"].form
    row = form.first(encode_row(program().Count(3, 7)))
    assert (row.times, row.first, row.offset) == (3, -1, 7)
    assert form.later(form.encode(row)) == row


def test_both_programs_compile() -> None:
    for source in (TOPICS, PROGRAM):
        compile(source, "docs/engine.md", "exec")


@asynccontextmanager
async def running(path: Path, broker: str) -> AsyncIterator[Process]:
    """Run a program of the page in a process of its own, and kill it at the end."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = (sys.executable, str(path), broker)
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def send(broker: str) -> None:
    async with AIOKafkaProducer(bootstrap_servers=broker) as producer:
        for word in WORDS:
            await producer.send_and_wait("words", word, partition=len(word) % 2)


async def until_counted(broker: str, times: int) -> None:
    """Return when the newest counts are those of the words sent so many times."""
    expected = {word: n * times for word, n in Counter(WORDS).items() if word}
    counts: dict[bytes, int] = {}
    async with AIOKafkaConsumer("word-counts", bootstrap_servers=broker, auto_offset_reset="earliest") as consumer:
        while counts != expected:
            record = await consumer.getone()
            counts[record.key] = int(record.value)


@pytest.mark.broker
@pytest.mark.asyncio
async def test_the_program_counts_right_through_a_kill(broker: Any, tmp_path: Path) -> None:
    topics, words = tmp_path / "word_topics.py", tmp_path / "words.py"
    topics.write_text(TOPICS, encoding="utf-8")
    words.write_text(PROGRAM, encoding="utf-8")
    async with running(topics, broker.bootstrap) as process:
        assert await asyncio.wait_for(process.wait(), SECONDS) == 0
    for times in (1, 2):
        async with running(words, broker.bootstrap) as process:
            await send(broker.bootstrap)
            await asyncio.wait_for(until_counted(broker.bootstrap, times), SECONDS)
            if times == 2:
                process.send_signal(signal.SIGTERM)
                assert await asyncio.wait_for(process.wait(), SECONDS) == 0


def test_every_error_is_on_the_page_with_what_to_do() -> None:
    found = {name for name, _ in inspect.getmembers(errors, inspect.isclass)}
    assert found == set(re.findall(r"`(\w+)`", PAGE)) & found
    in_table = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert found - in_table == {"EngineError", "SourceError"}


def test_every_file_of_the_engine_has_its_point() -> None:
    table = PAGE.split("## The eight points")[1].split("##")[0]
    files = {path.name for path in (ROOT / "app" / "engine").glob("*.py")} - {"__init__.py"}
    assert set(re.findall(r"`(\w+\.py)`", table)) == files


def test_the_figures_are_those_of_the_code() -> None:
    assert f"an estimated {RUN_BYTES // 2**20} MiB" in PAGE
    assert f"one batch of {MAX_BATCH_BYTES // 2**20} MiB" in PAGE
    assert f"batches of about {OUTPUT_BATCH_BYTES // 2**20} MiB" in PAGE
    assert f"given back every {SLICE_SECONDS * 1000:.0f} ms" in PAGE
    assert f"anew every {RENEW_SECONDS // 3600} hours" in PAGE
    options = FlushOptions()
    assert f"every {options.every_ms} ms, every two seconds" in PAGE
    assert f"up to {SLACK_MS} ms early or late" in PAGE
    assert f"nothing has come for {options.idle_ms // 1000} s" in PAGE
    assert (options.behind_every_ms, options.behind_ms) == (2000, 1000)
