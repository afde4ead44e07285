"""One demo from the first line to the verdict."""

import asyncio
import signal
import sys
import time

import orjson
from rich.console import Console

from app.auditing import audit_installation
from app.connection import security_options
from app.demo.outcome import count_spikes, read_ledger, read_totals, wait_until_counted
from app.demo.screen import Screen
from app.demo.stage import Stage, set_up
from app.demo.verdict import Verdict, judge
from app.load.answer import Answer
from app.load.options import LoadOptions
from app.load.sender import make_producer, send
from app.load.simulation import Simulation
from app.logs import configure_logs

HISTORY_SECONDS = 600.0
FOR_EVER_SECONDS = 86_400.0
SEED = 1
INTERRUPTED = 130
SETTLE_SECONDS = 2.0


async def run_demo(*, seconds: float | None, rate: float, streams: int, broker: str, as_json: bool) -> int:
    """Run it for `seconds`, or until Ctrl-C; return 0 if everything was exact, else 1."""
    configure_logs("console")
    stop = _stop_event()
    screen = Screen(Console(stderr=True))
    screen.note("starting Apache Kafka" if broker == "embedded" else f"using Kafka at {broker}")
    try:
        async with set_up(broker) as stage:
            screen.note(f"worker at work; its metrics: {stage.url}/metrics")
            verdict = await _perform(stage, screen, stop, seconds, rate, streams)
    except asyncio.CancelledError:
        screen.note("ended without a verdict")
        return INTERRUPTED
    _print(verdict, as_json)
    return 0 if verdict.is_exact else 1


async def _perform(
    stage: Stage, screen: Screen, stop: asyncio.Event, seconds: float | None, rate: float, streams: int
) -> Verdict:
    started = time.monotonic()
    board = asyncio.create_task(screen.follow(stage.settings, stage.url))
    try:
        answer = await _load(stage, screen, stop, seconds, rate, streams)
        screen.note(f"{answer.sent:,} messages sent; waiting until all are counted")
        await wait_until_counted(stage.settings, stage.check_alive)
    finally:
        board.cancel()
        await asyncio.gather(board, return_exceptions=True)
    screen.note("recounting the log, to compare every published board")
    report = await audit_installation(stage.settings, SETTLE_SECONDS, screen.recounted)
    return judge(
        answer,
        await read_ledger(stage.settings),
        await read_totals(stage.settings),
        report,
        await count_spikes(stage.settings),
        seconds=time.monotonic() - started,
        whole=seconds is not None and seconds >= 20,
    )


async def _load(
    stage: Stage, screen: Screen, stop: asyncio.Event, seconds: float | None, rate: float, streams: int
) -> Answer:
    """Send ten minutes of history at once, then live; end after `seconds`, at Ctrl-C, or with the worker."""
    start_ms = int((time.time() - HISTORY_SECONDS) * 1000)
    options = LoadOptions(
        rate=rate,
        streams=streams,
        seed=SEED,
        start_ms=start_ms,
        seconds=HISTORY_SECONDS + FOR_EVER_SECONDS,
        partitions=stage.settings.partitions,
    )
    simulation = Simulation(options)
    producer = make_producer(stage.settings.broker, **security_options(stage.settings))
    await producer.start()
    try:
        timer = asyncio.create_task(_end(stage, stop, seconds))
        answer = await send(simulation, producer, stage.settings.source_topic, stop, screen.sent)
        await timer
        return answer
    finally:
        await producer.stop()


async def _end(stage: Stage, stop: asyncio.Event, seconds: float | None) -> None:
    """Set `stop` when the time is over or the worker has ended."""
    until = time.monotonic() + (seconds or FOR_EVER_SECONDS)
    try:
        while time.monotonic() < until and not stop.is_set():
            await asyncio.sleep(0.2)
            stage.check_alive()
    finally:
        stop.set()


def _print(verdict: Verdict, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(orjson.dumps(verdict.as_dict()).decode() + "\n")
        return
    console = Console()
    for name, figure in verdict.as_dict().items():
        if name != "problems":
            console.print(f"{name.replace('_', ' '):>20}  {figure:,}")
    for problem in verdict.problems:
        console.print(f"[red]{problem}[/red]", highlight=False)
    console.print("[bold green]exact[/bold green]" if verdict.is_exact else "[bold red]not exact[/bold red]")


def _stop_event() -> asyncio.Event:
    """Return an event that Ctrl-C, a closed terminal or SIGTERM sets: the load ends and the verdict follows.

    A second one ends the demo at once, without a verdict. Either way everything that was started is ended.
    """
    stop = asyncio.Event()
    demo = asyncio.current_task()
    assert demo is not None

    def end() -> None:
        if stop.is_set():
            demo.cancel()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, end)
    return stop
