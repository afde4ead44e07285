"""What the engine tells whoever watches it. All calls are synchronous and must be quick."""


class Observer:
    """Watches nothing; override what is of interest. Durations are in seconds."""

    def folded(self, partition: int, seconds: float) -> None:
        """A run of records was folded, waiting not included."""

    def flushed(self, partition: int, seconds: float) -> None:
        """A run of state was sent, acknowledged, and its outputs published."""

    def sent(self, topic: str, seconds: float) -> None:
        """A batch was acknowledged."""

    def refused(self, topic: str, error: str) -> None:
        """A batch was refused; `error` is a class name. The worker ends."""

    def recovered(self, seconds: float) -> None:
        """A takeover has ended: all owned partitions are folding."""

    def revoking(self) -> None:
        """Partitions are about to be given back, or the worker to end: none is folding until `recovered`."""

    def revoked(self, seconds: float) -> None:
        """Partitions were given back: their last runs are out."""

    def stopped(self, error: BaseException) -> None:
        """The worker is about to end."""
