"""The worker process: wait for Kafka, refuse wrong topics, run the pipeline until told to stop."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from app.connection import client_options
from app.engine import memory, threads
from app.engine.app import EngineApp
from app.engine.errors import StopTimedOut
from app.errors import BrokerUnreachable, Finding, GiftstreamError
from app.health import Health
from app.http import HttpService
from app.metrics import Metrics
from app.observe import WorkerWatcher
from app.pipeline import Told, create_app
from app.rebuild.generation import refuse_unfinished
from app.settings import Settings
from app.stop_signal import stop_listening, stop_signal
from app.topics import check
from app.topics_compare import Mismatch
from app.wait import wait_for_broker

logger = structlog.get_logger(__name__)

AGAIN_SECONDS: Final = 1.0
"""Between two tries to look at the topics, when the broker was gone again before they were seen."""

STOP_SECONDS: Final = 25.0
"""What a stop may take when Kafka does not answer: less than the 30 s after which Docker and Kubernetes kill."""


def run_worker(settings: Settings, told: Told) -> int:
    """Run one worker until SIGINT or SIGTERM; return its exit code. A fail-stop exits by itself, with 3."""
    try:
        asyncio.run(_serve(settings, told))
    except GiftstreamError as error:
        logger.error(str(error))
        return error.exit_code
    return 0


async def _serve(settings: Settings, told: Told) -> None:
    metrics, health = Metrics(), Health()
    watcher = WorkerWatcher(settings, metrics, health)
    stopping = stop_signal()
    http = HttpService(metrics, health, settings.http_host, settings.http_port)
    await http.start()
    logger.info("serving metrics", url=f"{http.url}/metrics")
    try:
        ready = asyncio.create_task(_wait_for_topics(settings, health))
        await _first(ready, stopping)
        if not stopping.done():
            await _run(create_app(settings, told, watcher), health, watcher, stopping)
    finally:
        await http.stop()
        stop_listening()


async def _run(app: EngineApp, health: Health, watcher: WorkerWatcher, stopping: "asyncio.Future[None]") -> None:
    health.waiting("recovering the state")
    memory.tune()
    threads.share()
    watcher.start(app)
    try:
        await app.start()
        await stopping
        logger.info("stopping: the last runs go out, then the partitions are given back")
        await watcher.stop()
        await _stop(app)
    except Exception as error:
        app.stop_worker(error)


async def _stop(app: EngineApp) -> None:
    late = StopTimedOut(
        f"Kafka did not acknowledge the last runs, or the return of the partitions, within {STOP_SECONDS:.0f} s of the "
        "signal to stop; see whether its brokers answer"
    )
    deadline = asyncio.get_running_loop().call_later(STOP_SECONDS, app.stop_worker, late)
    await app.stop()
    deadline.cancel()


async def _wait_for_topics(settings: Settings, health: Health) -> None:
    """Return when Kafka answers and all topics are as they must be. Raises Finding."""

    def waiting(line: str) -> None:
        health.waiting(line)
        logger.warning(line)

    if mismatches := await _checked(settings, waiting):
        raise Finding("The topics are not as they must be:\n" + "\n".join(str(one) for one in mismatches))


async def _checked(settings: Settings, waiting: Callable[[str], None]) -> list[Mismatch]:
    """Return what the check of the topics finds, as soon as there is a broker for as long as it takes."""
    while True:
        await wait_for_broker(client_options(settings), on_wait=waiting)
        try:
            await refuse_unfinished(settings)
            return await check(settings)
        except BrokerUnreachable as error:
            waiting(str(error))
        await asyncio.sleep(AGAIN_SECONDS)


async def _first(task: "asyncio.Task[None]", stopping: "asyncio.Future[None]") -> None:
    """Wait for the task or the stop signal, whichever comes first; raise what the task raised."""
    await asyncio.wait([task, stopping], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    else:
        task.cancel()
