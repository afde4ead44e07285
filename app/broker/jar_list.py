"""The list of Kafka's jars: which, at which version, and the SHA-256 that each must have."""

from pathlib import Path
from typing import Final, NamedTuple

KAFKA_VERSION: Final = "4.1.0"
ROOTS: Final = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36")
"""What is asked for; slf4j-simple, because Kafka brings no logging back end that works without configuration files."""

LIST: Final = Path(__file__).with_name("jars.sha256")


class Jar(NamedTuple):
    """One jar: `coordinate` is Maven's `group:artifact:version`, `sha256` is in lower-case hex."""

    sha256: str
    coordinate: str

    @property
    def filename(self) -> str:
        """Its name in a Maven repository and in the cache."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def read_list(path: Path = LIST) -> list[Jar]:
    """Return the jars of the committed list, in class path order."""
    return [Jar(*line.split()) for line in path.read_text(encoding="ascii").splitlines()]
