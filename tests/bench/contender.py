"""Who takes part, and by which command."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.bench import build
from tests.bench.peers.task import PARTITIONS

JVM: Final = ("-Xms2g", "-Xmx4g", "-XX:+UseParallelGC")
"""With 2 GB and no more, Kafka Streams did an eighth less in `product`."""

MAIN: Final = "giftstream.bench.Main"
FLINK_OPENS: Final = tuple(
    f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in ("java.lang", "java.util", "java.nio", "java.time")
)
"""Flink's serialisers look into Java's own classes; its own start scripts open them so, too."""

WORKERS: Final = min(os.cpu_count() or 1, PARTITIONS)
"""giftstream's: one a core, as Flink's slots are by default, and as Kafka Streams' two threads are on two cores."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One that takes part. `slow` ones, under 50,000 events/s, get a topic of 100,000 events.

    `prepare` builds what it needs and returns its command; it raises build.Missing. `note` is shown in the table.
    """

    name: str
    prepare: Callable[[], list[str]]
    slow: bool = False
    note: str = ""

    def command(self) -> list[str]:
        """Return its command, prepared once. Raises build.Missing, each time, if that failed."""
        if self not in _prepared:
            try:
                _prepared[self] = self.prepare()
            except build.Missing as error:
                _prepared[self] = error
        found = _prepared[self]
        if isinstance(found, build.Missing):
            raise found
        return found


_prepared: dict[Contender, list[str] | build.Missing] = {}


def _kafka_streams(store: str, threads: int, guarantee: str = "at_least_once") -> list[str]:
    options = ["--store", store, "--threads", str(threads), "--guarantee", guarantee]
    return [build.java(), *JVM, "-cp", build.jars("kafka_streams"), MAIN, *options]


def _flink(backend: str) -> list[str]:
    return [build.java(), *JVM, *FLINK_OPENS, "-cp", build.jars("flink"), MAIN, "--backend", backend]


def _python(module: str, environment: str = "") -> list[str]:
    if not (build.PEERS / f"{module}.py").is_file():
        raise build.Missing("not written yet")
    return [build.python(environment) if environment else sys.executable, "-m", f"tests.bench.peers.{module}"]


def engine(workers: int) -> list[str]:
    """Return the command of giftstream's engine."""
    return [*_python("giftstream_engine"), "--workers", str(workers)]


ALL: Final = (
    Contender("giftstream", partial(engine, WORKERS), note="the engine alone, a worker for each core; exactly once"),
    Contender("kafka-streams-mem-1", partial(_kafka_streams, "memory", 1)),
    Contender("flink-heap", partial(_flink, "hashmap")),
    Contender("ceiling", partial(_python, "ceiling"), note="keeps nothing"),
    Contender("quix-streams", partial(_python, "quix_peer", "quix"), slow=True),
    Contender("faust-idiomatic", partial(_python, "faust_idiomatic"), slow=True),
    Contender("pathway", partial(_python, "pathway_peer", "pathway"), note="keeps nothing"),
    Contender("bytewax", partial(_python, "bytewax_peer", "bytewax")),
    Contender("kafka-streams-mem-2", partial(_kafka_streams, "memory", 2)),
    Contender("kafka-streams-rocksdb-1", partial(_kafka_streams, "rocksdb", 1)),
    Contender(
        "kafka-streams-rocksdb-eos", partial(_kafka_streams, "rocksdb", 1, "exactly_once_v2"), note="exactly once"
    ),
    Contender("flink-rocksdb", partial(_flink, "rocksdb")),
)
"""In this order they run: should the time not suffice, the last ones do not."""


def named(name: str) -> Contender:
    """Return the contender of that name."""
    return next(one for one in ALL if one.name == name)
