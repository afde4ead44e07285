"""Kafka's jars on this machine: fetched once, each checked, kept in the user's cache.

A later start reads only the cache: no resolver, no network.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Final

from app.broker.errors import JarCorrupt, JarUnavailable
from app.broker.jar_list import KAFKA_VERSION, Jar, read_list
from app.broker.progress import JarProgress

Fetch = Callable[[Jar, Path], Path]
"""Fetches one jar into a directory and returns where it is. Raises JarUnavailable."""

AT_ONCE: Final = 8


def class_path(cache: Path | None = None, fetch: Fetch | None = None) -> str:
    """Return the class path of the listed jars, after fetching those that are not in the cache intact.

    Raises JarUnavailable or JarCorrupt, which name the jar.
    """
    cache = cache or default_cache()
    jars = read_list()
    missing = [jar for jar in jars if not _intact(cache / jar.filename, jar)]
    if missing:
        fetch_all(missing, cache, fetch or fetch_by_jgo)
    return os.pathsep.join(str(cache / jar.filename) for jar in jars)


def default_cache() -> Path:
    """Return the directory of the jars in the user's cache (XDG base directory specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    return root / "giftstream" / f"kafka-{KAFKA_VERSION}"


def fetch_all(jars: Sequence[Jar], cache: Path, fetch: Fetch) -> None:
    """Fetch jars into the cache, some at once. The first failure ends it; what is complete stays."""
    cache.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="fetching-", dir=cache) as staging,
        ThreadPoolExecutor(AT_ONCE) as pool,
        JarProgress(f"Fetching Apache Kafka {KAFKA_VERSION}", len(jars)) as progress,
    ):
        fetches = [pool.submit(_fetch_one, jar, cache, Path(staging), fetch) for jar in jars]
        try:
            for done in as_completed(fetches):
                done.result()
                progress.advance()
        finally:
            pool.shutdown(cancel_futures=True)


def _fetch_one(jar: Jar, cache: Path, staging: Path, fetch: Fetch) -> None:
    fetched = fetch(jar, staging)
    found = _sha256(fetched)
    if found != jar.sha256:
        raise JarCorrupt(jar.coordinate, found, jar.sha256)
    fetched.replace(cache / jar.filename)  # atomic: another process sees the whole jar or none


def fetch_by_jgo(jar: Jar, directory: Path) -> Path:
    import requests  # here, because a start from the cache needs neither
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    repositories = {"central": MAVEN_CENTRAL_URL} | GlobalSettings.load().repositories
    context = MavenContext(repo_cache=directory, remote_repos=repositories, timeout=60)
    group, artifact, version = jar.coordinate.split(":")
    try:
        return context.project(group, artifact).at_version(version).artifact().resolve()
    except (requests.RequestException, RuntimeError, OSError) as error:
        raise JarUnavailable(jar.coordinate, f"{type(error).__name__}: {error}"[:200]) from error


def _intact(path: Path, jar: Jar) -> bool:
    return path.is_file() and _sha256(path) == jar.sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
