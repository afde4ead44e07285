"""What an application gives the engine: for each source partition, a machine that folds its records."""

from collections.abc import Sequence
from typing import Any, Protocol

from app.engine.rows import Family


class Output(Protocol):
    """One record to publish. `partition` counts within `topic`."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Machine(Protocol):
    """The state of one source partition. Everything that must survive a crash is in `families`.

    `fold` and `cut` are synchronous and called between records, so no run sees a record half folded. Equal records
    in equal order give equal rows, whatever was cut or crashed in between.
    """

    @property
    def families(self) -> Sequence[Family[Any]]:
        """The rows, one changelog for all."""

    def fold(self, record: Any) -> Output | None:
        """Fold one record; return what must be durable before its state is (a dead letter), if anything."""

    def restore(self, mark: int) -> None:
        """The families were loaded: rebuild what is derived. Changes at or after offset `mark` are unpublished."""

    def passed(self, end: int) -> None:
        """Nothing a reader may see lies between the last record and offset `end`: control or aborted records do."""

    def lost(self, begin: int, end: int) -> None:
        """The operator accepts that the records from offset `begin` to `end` are gone: say so on what lacks them."""

    def release(self) -> None:
        """The partition is given up, and nothing more is asked: let go of objects that hold each other.

        With them goes the memory at once. The garbage collector would get to it late, and by going through the state of
        all partitions that stay.
        """

    def cut(self, now_ms: int, idle: bool, behind: bool) -> tuple[Sequence[Output], Output | None, Any]:
        """Return what to publish once the rows changed so far are durable, a word on it, and a token for `published`.

        The word, if there is one, tells that all of it is out. It goes out after the acks: with what the next cut
        publishes, or soon alone. A restored machine has to give it again, as it may be lost with its worker.
        `idle`: nothing has come for a while and all was read. `behind`: the worker is catching up.
        """

    def published(self, token: Any) -> None:
        """The outputs of that cut are acknowledged."""

    def mark(self) -> int:
        """Every change by a record below this offset has been published."""
