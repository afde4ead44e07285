"""Being told to stop: SIGINT (Ctrl-C) and SIGTERM."""

import asyncio
import signal


def stop_signal() -> "asyncio.Future[None]":
    """Return a future that SIGINT or SIGTERM resolves."""
    loop = asyncio.get_running_loop()
    stopping = loop.create_future()

    def stop() -> None:
        if not stopping.done():
            stopping.set_result(None)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    return stopping
