"""The broker of the benchmark: the embedded one, with a larger heap and its compilers and threads as in production."""

from typing import Final

from app.broker import EmbeddedBroker

MEMORY: Final = ("-Xms1g", "-Xmx1g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20")


def large() -> EmbeddedBroker:
    """Return a broker that is not started yet."""
    return EmbeddedBroker(memory=MEMORY)
