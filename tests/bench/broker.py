"""The broker of the benchmark: the embedded one, with a larger heap, its compilers and threads as in production.

As there, too, the first member of a group waits for others, so that the threads or processes of a contender begin with
their own shares of the partitions. Kafka's default is 3 s; those of one contender are there in less.
"""

from typing import Final

from app.broker import EmbeddedBroker

MEMORY: Final = ("-Xms1g", "-Xmx1g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20")
MEMBERS_MS: Final = 500


def large() -> EmbeddedBroker:
    """Return a broker that is not started yet."""
    return EmbeddedBroker(memory=MEMORY, members_ms=MEMBERS_MS)
