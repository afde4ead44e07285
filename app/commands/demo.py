"""`giftstream demo`."""

from typing import Annotated

import typer

from app.commands.options import Json


def demo(
    seconds: Annotated[float | None, typer.Option(help="End after so many seconds; else Ctrl-C.", min=1)] = None,
    rate: Annotated[float, typer.Option(help="Messages per second, on the mean.", min=1)] = 200,
    streams: Annotated[int, typer.Option(help="Streams that are live.", min=1)] = 100,
    broker: Annotated[str, typer.Option(help="`embedded`, or HOST:PORT of a Kafka of yours.")] = "embedded",
    as_json: Json = False,
) -> None:
    """Show it all at work: broker, worker, load, and a live board. Exit 0 only if every board was exact."""
    import asyncio

    from app.demo import run_demo

    raise typer.Exit(asyncio.run(run_demo(seconds=seconds, rate=rate, streams=streams, broker=broker, as_json=as_json)))
