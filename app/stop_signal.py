"""Being told to stop: SIGINT (Ctrl-C) and SIGTERM."""

import asyncio
import signal
from typing import Final

STOPS: Final = (signal.SIGINT, signal.SIGTERM)


def stop_signal() -> "asyncio.Future[None]":
    """Return a future that SIGINT or SIGTERM resolves."""
    loop = asyncio.get_running_loop()
    stopping = loop.create_future()

    def stop() -> None:
        if not stopping.done():
            stopping.set_result(None)

    for number in STOPS:
        loop.add_signal_handler(number, stop)
    return stopping


def stop_listening() -> None:
    """Take no notice of further signals: called by a process that is about to end, in its event loop.

    One that comes while asyncio closes a loop would be written to a pipe that is closed already, and a traceback told;
    one that comes after it would take the place of the exit code.
    """
    loop = asyncio.get_running_loop()
    for number in STOPS:
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)
