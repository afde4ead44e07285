"""The scenarios. Importing a module adds its scenarios to the catalogue."""

from tests.faults.scenarios import backlog, brokers, churn, kills, pauses, poison, producers, soak, stock, teeth

__all__ = ["backlog", "brokers", "churn", "kills", "pauses", "poison", "producers", "soak", "stock", "teeth"]
