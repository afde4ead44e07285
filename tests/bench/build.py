"""What has to be there before a contender can run: jars built by Maven, environments made by pip, compiled modules."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
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
    folder = _once(peer, wanted.read_bytes(), lambda folder: _install(wanted, folder))
    return str(folder / "bin" / "python")


def _install(wanted: Path, folder: Path) -> None:
    # The list is complete; of a requirement with an extra pip would want its own line.
    options = ["--quiet", "--no-deps", "--require-hashes", "--requirement", str(wanted)]
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", *options]
    for command in ([sys.executable, "-m", "venv", str(folder)], pip):
        if failed := _run(command, ROOT):
            raise Missing(f"pip: {failed}")


@cache
def machine() -> str:
    """Return a folder that holds giftstream's machine, compiled, after making it.

    Empty where there is no C compiler: there it is plain Python, as all of giftstream is.
    """
    try:
        return str(_compiled("sums"))
    except Missing as error:
        print(f"giftstream's machine stays plain Python: {error}", file=sys.stderr, flush=True)
        return ""


def _compiled(module: str) -> Path:
    """Return a folder that holds a module of `peers`, compiled by mypyc, after making it. Raises Missing."""
    sources = sorted(PEERS.glob("*.py"))
    code = b"".join(source.read_bytes() for source in sources) + version("mypy").encode()
    return _once(module, code, lambda folder: _compile(module, sources, folder))


def _compile(module: str, sources: Sequence[Path], folder: Path) -> None:
    """Compile it in a copy of its package, where mypyc leaves what it makes."""
    with tempfile.TemporaryDirectory() as copy:
        package = Path(copy, PEERS.relative_to(ROOT))
        package.mkdir(parents=True)
        for source in sources:
            shutil.copy(source, package)
        for part in (package.parent, package.parent.parent):
            (part / "__init__.py").touch()
        options = ["--config-file=", "--ignore-missing-imports", "--follow-imports=silent"]
        named = str(package.relative_to(copy) / f"{module}.py")
        if failed := _run([sys.executable, "-m", "mypyc", *options, named], Path(copy)):
            raise Missing(f"mypyc: {failed}")
        folder.mkdir()
        for library in package.glob("*.so"):
            shutil.copy(library, folder)


def _once(name: str, of: bytes, make: Callable[[Path], None]) -> Path:
    """Return the folder kept for what it is made of, and for this Python, after making it if it is not whole."""
    digest = hashlib.sha256(of + sys.version.encode()).hexdigest()[:12]
    folder = kept() / f"{name}-{digest}"
    if not (folder / "complete").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        make(folder)
        (folder / "complete").touch()
    return folder


def kept() -> Path:
    """Return where the benchmark keeps what it has fetched and made (XDG base directory specification)."""
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
