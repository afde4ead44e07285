"""Writes the list of jars anew: `python -m app.broker.renew_list`. Part of `make lock`.

The only place where dependencies are resolved; what was resolved is then committed with its hash.
"""

import hashlib
import tempfile
from pathlib import Path

import jgo

from app.broker.jar_list import LIST, ROOTS, Jar
from app.broker.jars import fetch_by_jgo as fetch


def main() -> None:
    """Resolve the roots, fetch each jar, and write its hash. Raises JarUnavailable."""
    with tempfile.TemporaryDirectory() as directory:
        LIST.write_text("".join(f"{hashed(one, Path(directory))}\n" for one in coordinates()), "ascii")


def coordinates() -> list[str]:
    """Return the coordinates of the roots and of all that they need."""
    artifacts = jgo.resolve("+".join(ROOTS))
    return sorted({f"{one.groupId}:{one.artifactId}:{one.version}" for one in artifacts})


def hashed(coordinate: str, directory: Path) -> str:
    """Return the line of one jar."""
    jar = fetch(Jar("", coordinate), directory)
    return f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {coordinate}"


if __name__ == "__main__":
    main()
