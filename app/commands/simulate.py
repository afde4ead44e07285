"""`giftstream simulate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.output import json_line, say
from app.errors import UsageError

if TYPE_CHECKING:
    from app.load.options import LoadOptions
    from app.settings import Settings

Rate = Annotated[float, typer.Option(help="Messages per second, on the mean.", min=0.1)]
Seconds = Annotated[float, typer.Option(help="How long, at the pace of the clock.", min=0)]
History = Annotated[float, typer.Option(help="Seconds of history before, sent at once.", min=0)]
Streams = Annotated[int, typer.Option(help="Streams that are live.", min=1)]
Seed = Annotated[int, typer.Option(help="The same seed and start make the same load.")]
Start = Annotated[int | None, typer.Option(help="Event time of the first gift, ms; else now.", min=1_420_070_400_000)]
Faulty = Annotated[bool, typer.Option("--faults/--no-faults", help="Duplicates, losses, late and bad ones.")]
To = Annotated[Path | None, typer.Option(help="Write JSON lines here instead, with NAME.answers.json.")]


def simulate(
    rate: Rate = 1_000,
    seconds: Seconds = 60,
    history: History = 0,
    streams: Streams = 2_000,
    seed: Seed = 1,
    start_ms: Start = None,
    faults: Faulty = True,
    to: To = None,
) -> None:
    """Send a realistic load to the source topic, or write it to a file, and print what the answer must be."""
    if history + seconds <= 0:
        raise UsageError("--seconds and --history are both 0", allowed="more than 0 in sum")
    import time

    from app.load.options import Faults, LoadOptions
    from app.settings_load import load_settings

    settings = load_settings()
    options = LoadOptions(
        rate=rate,
        streams=streams,
        gifters=max(10, streams * 10),
        seed=seed,
        start_ms=start_ms or int((time.time() - history) * 1000),
        seconds=history + seconds,
        faults=Faults() if faults else Faults.none(),
        partitions=settings.partitions,
        horizon_ms=settings.horizon_seconds * 1000,
    )
    json_line(_to_topic(settings, options) if to is None else _to_file(options, to))


def _to_file(options: "LoadOptions", path: Path) -> dict[str, Any]:
    from app.load.files import write_lines

    try:
        return write_lines(options, path)
    except OSError as error:
        raise UsageError(f"Cannot write {path}: {error.strerror}") from None


def _to_topic(settings: "Settings", options: "LoadOptions") -> dict[str, Any]:
    """Send until the load ends or Ctrl-C; the answer covers what was acked."""
    if settings.partitioner == "crc32":
        raise UsageError("the load is partitioned by murmur2", do="Set GIFTSTREAM_PARTITIONER to murmur2 or any")
    import asyncio

    from app.connection import client_options, security_options
    from app.load.files import answer_key
    from app.load.sender import make_producer, send
    from app.load.simulation import Simulation
    from app.stop_signal import STOPS
    from app.wait import wait_for_broker

    simulation = Simulation(options)

    async def run() -> None:
        await wait_for_broker(client_options(settings), on_wait=say, max_seconds=0)
        stop = asyncio.Event()
        for number in STOPS:
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with make_producer(settings.broker, **security_options(settings)) as producer:
            await send(simulation, producer, settings.source_topic, stop)

    try:
        asyncio.run(run())
    except ValueError as error:
        raise UsageError(str(error)) from None
    return answer_key(simulation)
