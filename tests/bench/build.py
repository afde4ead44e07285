"""What has to be there before a contender can run: jars built by Maven, environments made by pip."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PEERS: Final = Path(__file__).with_name("peers")
SHARED_JAVA: Final = PEERS / "java"
SECONDS: Final = 600
OLDEST_JAVA: Final = 17


class Missing(Exception):
    """A contender can not be had here; the message says why, in a line."""


def java() -> str:
    """Return a Java to run programs with. Raises Missing."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home, "bin"))) if home else shutil.which("java")
    if found is None:
        raise Missing("no JDK")
    return found


def jars(peer: str) -> str:
    """Return the class path of a Java peer, after building it if its sources are newer. Raises Missing."""
    folder = PEERS / peer
    jar = folder / "target" / "peer.jar"
    sources = [folder / "pom.xml", *folder.glob("src/**/*.java"), *SHARED_JAVA.glob("**/*.java")]
    if not jar.is_file() or jar.stat().st_mtime < max(source.stat().st_mtime for source in sources):
        _maven(folder)
    return f"{jar}:{jar.parent}/lib/*"


def _maven(folder: Path) -> None:
    java()
    maven = shutil.which("mvn")
    if maven is None:
        raise Missing("no Maven")
    command = [maven, "--quiet", "--batch-mode", "package"]
    offline = _run([*command, "--offline"], folder) if (folder / "target" / "lib").is_dir() else "not built yet"
    if offline and (failed := _run(command, folder)):
        raise Missing(f"Maven: {failed}")


def python(peer: str) -> str:
    """Return the Python of the environment of a peer's own, after making it if it is not there. Raises Missing.

    `BENCH_PYTHON_<PEER>` names another one.
    """
    if given := os.environ.get(f"BENCH_PYTHON_{peer.upper()}"):
        return given
    wanted = PEERS / "requirements" / f"{peer}.txt"
    if not wanted.is_file():
        raise Missing("not written yet")
    digest = hashlib.sha256(wanted.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = cache() / f"{peer}-{digest}"
    if not (folder / "complete").is_file():
        _make(folder, wanted)
    return str(folder / "bin" / "python")


def _make(folder: Path, wanted: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--requirement", str(wanted)]
    for command in ([sys.executable, "-m", "venv", str(folder)], pip):
        if failed := _run(command, ROOT):
            raise Missing(f"pip: {failed}")
    (folder / "complete").touch()


def cache() -> Path:
    """Return where the benchmark keeps what it has fetched (XDG base directory specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    return root / "giftstream" / "bench"


def _run(command: list[str], folder: Path) -> str:
    """Run it and return why it failed, in a line; empty if it did not."""
    try:
        done = subprocess.run(
            command, cwd=folder, timeout=SECONDS, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except subprocess.TimeoutExpired:
        return f"not done after {SECONDS} s"
    errors = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line]
    lines = errors or (done.stderr or done.stdout).splitlines() or [f"exit code {done.returncode}"]
    return lines[0][:200] if done.returncode else ""
