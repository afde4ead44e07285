"""The scenarios, in the order in which they are run. Importing a module adds its scenarios to the catalogue."""

from tests.faults.scenarios import kills, pauses, teeth

__all__ = ["kills", "pauses", "teeth"]
