"""What stops a worker, and what it says.

EngineError
├── SourceError            the source log is not the one that the state was made from
│   ├── SourceChanged      recreated or truncated: position outside the log, or another record at it
│   ├── SourceLost         retention deleted records that were not counted yet
│   └── SourceGap          records were skipped between the log and the fold
├── ChangelogError         the changelog cannot be trusted or written
│   ├── Fenced             another worker owns the partition now
│   ├── UnexpectedOffset   somebody else appended
│   ├── RunTooLarge        one run does not fit one record batch
│   └── FormatUnknown      written by a newer version
├── SettingsChanged        the state was counted under other settings
├── Replaced               another app id has taken the place of this one
├── Poisoned               a record made the fold fail; names partition and offset
├── Stalled                the process stood still for half the session timeout
└── StopTimedOut           it was told to stop, and Kafka does not answer

None of them is handled: the worker stops with one line (exit code 3), and nothing half done is kept. `kept` is the
part of that line that says what was protected.
"""

from typing import ClassVar

_AS_IT_WAS = "the state and its position are kept as they were and nothing was counted past them"


class EngineError(Exception):
    """Base of all: the message says what was found, what was expected, and what to do."""

    kept: ClassVar[str] = "nothing lost, the state is kept at its last whole run and what follows it is read again"


class SourceError(EngineError):
    """The source log does not go on where the state ended."""

    kept = "nothing counted past the break, the state is kept at its last whole run"


class SourceChanged(SourceError):
    """The topic was recreated or truncated."""

    kept = _AS_IT_WAS


class SourceLost(SourceError):
    """Records were deleted by retention before they were counted."""


class SourceGap(SourceError):
    """A run of records does not begin where the last one ended."""


class ChangelogError(EngineError):
    """The changelog does not end where this worker's last run ended."""


class Fenced(ChangelogError):
    """The broker refuses this worker's writes: a newer owner has fenced it."""

    kept = "nothing lost, the new owner goes on from the last whole run and nothing of this worker's is added to it"


class UnexpectedOffset(ChangelogError):
    """A run was kept at an offset that another writer's record would have."""


class RunTooLarge(ChangelogError):
    """The changed rows do not fit into one record batch."""


class FormatUnknown(ChangelogError):
    """A row of another format."""

    kept = _AS_IT_WAS


class SettingsChanged(EngineError):
    """The settings that decide what is counted differ from those the state was counted under."""

    kept = _AS_IT_WAS


class Replaced(EngineError):
    """The state was replaced by that of another app id, and must not be gone on with."""


class Poisoned(EngineError):
    """The fold raised on one record."""


class Stalled(EngineError):
    """The event loop stood still for so long that the partitions may have another owner."""


class StopTimedOut(EngineError):
    """The last runs could not be sent, or the partitions not be given back, in the time that a stop has."""
