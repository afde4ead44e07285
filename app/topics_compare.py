"""Comparing the topics that are there with those that are needed: values in, findings out."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from app.topology import FILLING, Topic


@dataclass(frozen=True, slots=True)
class Described:
    """A topic as the cluster describes it: its partition count and its effective settings."""

    partitions: int
    configs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that is not as it must be, and the command that mends it."""

    topic: str
    setting: str
    found: str
    needed: str
    fix: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.setting} is {self.found}, needed {self.needed}. Fix: {self.fix}"


@dataclass(frozen=True, slots=True)
class Tools:
    """How the operator reaches the cluster with Kafka's own command line tools."""

    bootstrap: str
    secured: bool = False

    def command(self, tool: str, rest: str) -> str:
        """Return a command line of `tool`; a secured cluster needs the operator's own properties file."""
        login = " --command-config client.properties" if self.secured else ""
        return f"{tool}.sh --bootstrap-server {self.bootstrap}{login} {rest}"


def compare(needed: Iterable[Topic], found: Mapping[str, Described], tools: Tools) -> list[Mismatch]:
    """Return what is not as it must be, in the order of `needed`; a topic not in `found` is missing."""
    return [mismatch for topic in needed for mismatch in _one(topic, found.get(topic.name), tools)]


def _one(topic: Topic, found: Described | None, tools: Tools) -> Iterator[Mismatch]:
    if found is None:
        yield Mismatch(topic.name, "topic", "missing", "present", "giftstream topics create")
        return
    if found.partitions != topic.partitions:
        fix = _partitions_fix(topic, found.partitions, tools)
        yield Mismatch(topic.name, "partitions", str(found.partitions), str(topic.partitions), fix)
    for name, value in topic.demanded.items():
        is_value = found.configs.get(name, "unknown")
        if not SATISFIES.get(name, _equal)(is_value, value):
            needed = f"at least {value}" if name in SATISFIES and name != "cleanup.policy" else value
            fix = REPARTITION if is_filling(found.configs) else _config_fix(topic.name, name, value, tools)
            yield Mismatch(topic.name, name, is_value, needed, fix)


def is_filling(configs: Mapping[str, str]) -> bool:
    """Tell whether these are the settings of a topic that a repartition has not filled yet."""
    return FILLING.items() <= configs.items()


def _config_fix(topic: str, name: str, value: str, tools: Tools) -> str:
    value = f"[{value}]" if "," in value else value
    return tools.command("kafka-configs", f"--alter --topic {topic} --add-config '{name}={value}'")


def _partitions_fix(topic: Topic, found: int, tools: Tools) -> str:
    """More partitions would move the keys of a topic that is counted, and topics never shrink."""
    if topic.role == "source":
        anew = "with a new GIFTSTREAM_APP_ID and GIFTSTREAM_TOPIC_PREFIX if it has counted before"
        together = "`giftstream repartition` then puts each stream into one partition again (docs/rebuild.md)"
        return f"GIFTSTREAM_PARTITIONS={found}, {anew}: {together}"
    if topic.role == "state":
        return "a new GIFTSTREAM_APP_ID: it counts again from the start of the log"
    if found < topic.partitions:
        return tools.command("kafka-topics", f"--alter --topic {topic.name} --partitions {topic.partitions}")
    return tools.command("kafka-topics", f"--delete --topic {topic.name}") + " && giftstream topics create"


def _equal(found: str, needed: str) -> bool:
    return found == needed


def _same_set(found: str, needed: str) -> bool:
    return set(found.split(",")) == set(needed.split(","))


def _at_least(found: str, needed: str) -> bool:
    return found == "-1" or (found.isdigit() and int(found) >= int(needed))


REPARTITION: Final = "let `giftstream repartition` catch up: it copies the old log into this topic, then sets this"
"""The fix of a source topic whose history is not in yet."""

SATISFIES: Final[dict[str, Callable[[str, str], bool]]] = {
    "cleanup.policy": _same_set,
    "retention.ms": _at_least,
    "delete.retention.ms": _at_least,
    "max.message.bytes": _at_least,
    "min.insync.replicas": _at_least,
}
"""How a setting is compared where equality is too strict; retention -1 is for ever."""
