"""The scenarios. Importing a module adds its scenarios to the catalogue."""

from tests.faults.scenarios import (
    backlog,
    brokers,
    changelog_refused,
    churn,
    compaction,
    kills,
    network,
    pauses,
    poison,
    producers,
    quarantine,
    soak,
    source,
    stock,
    teeth,
)

__all__ = [
    "backlog",
    "brokers",
    "changelog_refused",
    "churn",
    "compaction",
    "kills",
    "network",
    "pauses",
    "poison",
    "producers",
    "quarantine",
    "soak",
    "source",
    "stock",
    "teeth",
]
