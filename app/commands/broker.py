"""`giftstream broker`."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.output import json_line, say

Port = Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65_535)]
Keep = Annotated[
    Path | None, typer.Option("--directory", help="Keep the data here; else it goes with the broker.", file_okay=False)
]


def broker(port: Port = 9092, directory: Keep = None) -> None:
    """Run the embedded Apache Kafka on 127.0.0.1 until Ctrl-C or SIGTERM."""
    import signal
    import threading

    from app.broker import EmbeddedBroker
    from app.stop_signal import STOPS

    ended = threading.Event()
    for number in STOPS:
        signal.signal(number, lambda *_: ended.set())
    with EmbeddedBroker(port, directory) as running:
        json_line({"bootstrap": running.bootstrap, "pid": running.pid, "directory": str(running.directory)})
        say(f"Kafka serves at {running.bootstrap}; Ctrl-C ends it")
        ended.wait()
