"""The changelog that stock Faust recovers from in `recovery`, as its own writes would have left it.

Writing such rows by `faust_idiomatic` itself takes a second for a thousand. Put them on the topic, start it with the
job `gifters` and the same app id on an empty source topic, and it says `ready` when it has recovered.
"""

from collections.abc import Iterator
from typing import Final

SENDERS_OF_A_STREAM: Final = 400


def changelog(app_id: str) -> str:
    """Return the name of the changelog topic of the table of gifters; it has as many partitions as the source."""
    return f"{app_id}-gifters-changelog"


def rows(count: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the key and value of so many rows of the table, in Faust's JSON."""
    for number in range(count):
        yield b'"tiktok:%019d|u%09d"' % (number // SENDERS_OF_A_STREAM, number), b"%d" % (number * 5)
