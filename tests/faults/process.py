"""A real worker that can be killed, stopped for a while, and told where to die."""

import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.settings import Settings
from tests.integration.waiting import until
from tests.integration.worker_process import WorkerProcess

Points = Mapping[str, int]
"""A point of `failpoints.POINTS`, and the how-manieth time it is passed."""


class FaultyWorker(WorkerProcess):
    """A worker under `tests.faults.worker`. `allowed` are the exit codes that are wanted, negative for a signal."""

    entry = "tests.faults.worker"

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        number: int,
        *arguments: str,
        die_at: Points,
        stop_at: Points,
        without: Sequence[str],
    ) -> None:
        self.number = number
        self.allowed: set[int] = {-signal.SIGKILL} if die_at else set()
        self._die_at = die_at
        environment = {
            "FAULTS_FOLDER": str(folder),
            "FAULTS_PARTITIONS": str(settings.partitions),
            "FAULTS_DIE_AT": _text(die_at),
            "FAULTS_STOP_AT": _text(stop_at),
            "FAULTS_WITHOUT": ",".join(without),
        }
        super().__init__(settings, folder / f"worker-{number}.log", *arguments, environment=environment)

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    @property
    def last_line(self) -> str:
        return self.last_words or "nothing"

    @property
    def is_astray(self) -> bool:
        """Whether it ended in a way that nobody wanted."""
        return self.code is not None and self.code not in self.allowed

    async def dies(self) -> None:
        """Return when it has died at its point."""

        async def is_dead() -> bool:
            return self.code is not None

        await until(is_dead, f"worker {self.number} dies at {_text(self._die_at)}")
        assert self.code == -signal.SIGKILL, f"worker {self.number} ended with {self.code}: {self.last_line}"

    async def kill(self) -> None:
        self.allowed.add(-signal.SIGKILL)
        await super().kill()

    async def stop(self) -> int:
        self.allowed.add(0)
        return await super().stop()

    async def fail_stops(self) -> str:
        """Return what it said when it has ended by itself with code 3."""
        self.allowed.add(3)
        code = await self.ended()
        assert code == 3, f"worker {self.number} ended with {code} instead of 3: {self.last_line}"
        return self.last_line

    def pause(self) -> None:
        """Let it stand still (SIGSTOP)."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on (SIGCONT)."""
        self._process.send_signal(signal.SIGCONT)


def _text(points: Points) -> str:
    return ",".join(f"{name}:{count}" for name, count in points.items())
