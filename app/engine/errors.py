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
├── Poisoned               a record made the fold fail; names partition and offset
└── Stalled                the process stood still for half the session timeout

None of them is handled: the worker stops with one line (exit code 3), nothing is committed, nothing is lost.
"""


class EngineError(Exception):
    """Base of all: the message says what was found, what was expected, and what to do."""


class SourceError(EngineError):
    """The source log does not go on where the state ended."""


class SourceChanged(SourceError):
    """The topic was recreated or truncated."""


class SourceLost(SourceError):
    """Records were deleted by retention before they were counted."""


class SourceGap(SourceError):
    """A run of records does not begin where the last one ended."""


class ChangelogError(EngineError):
    """The changelog does not end where this worker's last run ended."""


class Fenced(ChangelogError):
    """The broker refuses this worker's writes: a newer owner has fenced it."""


class UnexpectedOffset(ChangelogError):
    """A run was kept at an offset that another writer's record would have."""


class RunTooLarge(ChangelogError):
    """The changed rows do not fit into one record batch."""


class FormatUnknown(ChangelogError):
    """A row of a newer format."""


class SettingsChanged(EngineError):
    """The settings that decide what is counted differ from those the state was counted under."""


class Poisoned(EngineError):
    """The fold raised on one record."""


class Stalled(EngineError):
    """The event loop stood still for so long that the partitions may have another owner."""
