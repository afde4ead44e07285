"""Fetching Kafka's jars: what is kept is what the committed list says, and nothing else."""

import hashlib
import os
from pathlib import Path

import pytest

from app.broker import jars
from app.broker.errors import JarCorrupt, JarUnavailable
from app.broker.jar_list import ROOTS, Jar, read_list

GOOD = b"a jar"
JAR = Jar(hashlib.sha256(GOOD).hexdigest(), "org.example:thing:1.0")


def _fetching(content: bytes, fetched: list[Jar]) -> jars.Fetch:
    def fetch(jar: Jar, directory: Path) -> Path:
        fetched.append(jar)
        path = directory / jar.filename
        path.write_bytes(content)
        return path

    return fetch


def _not_needed(jar: Jar, directory: Path) -> Path:
    raise AssertionError(f"{jar} was fetched again into {directory}")


@pytest.fixture
def one_jar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "read_list", lambda: [JAR])


@pytest.mark.usefixtures("one_jar")
def test_a_second_start_fetches_nothing(tmp_path: Path) -> None:
    first = jars.class_path(tmp_path, _fetching(GOOD, []))
    assert first == str(tmp_path / "thing-1.0.jar")
    assert jars.class_path(tmp_path, _not_needed) == first


@pytest.mark.usefixtures("one_jar")
def test_a_jar_with_another_hash_is_refused_and_named(tmp_path: Path) -> None:
    with pytest.raises(JarCorrupt, match=r"org\.example:thing:1\.0 .*" + JAR.sha256):
        jars.class_path(tmp_path, _fetching(b"not that jar", []))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("one_jar")
def test_a_jar_that_was_damaged_in_the_cache_is_fetched_again(tmp_path: Path) -> None:
    (tmp_path / JAR.filename).write_bytes(GOOD[:2])
    fetched: list[Jar] = []
    jars.class_path(tmp_path, _fetching(GOOD, fetched))
    assert fetched == [JAR]
    assert (tmp_path / JAR.filename).read_bytes() == GOOD


@pytest.mark.usefixtures("one_jar")
def test_a_jar_that_cannot_be_fetched_is_named_with_what_to_do(tmp_path: Path) -> None:
    def fetch(jar: Jar, directory: Path) -> Path:
        raise JarUnavailable(jar.coordinate, "no route to host")

    with pytest.raises(JarUnavailable, match=r"org\.example:thing:1\.0 .*no route to host.*--broker HOST:PORT"):
        jars.class_path(tmp_path, fetch)


@pytest.mark.usefixtures("one_jar")
def test_progress_goes_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jars.class_path(tmp_path, _fetching(GOOD, []))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "Fetching Apache Kafka 4.1.0: 0 of 1 jars",
        "Fetching Apache Kafka 4.1.0: 1 of 1 jars",
    ]


def test_the_cache_is_where_the_user_wants_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert jars.default_cache() == Path("/caches/giftstream/kafka-4.1.0")


@pytest.mark.parametrize("value", ["", "not/absolute"])
def test_without_a_usable_setting_the_cache_is_in_the_home(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", value)
    monkeypatch.setenv("HOME", "/home/someone")
    assert jars.default_cache() == Path("/home/someone/.cache/giftstream/kafka-4.1.0")


def test_the_committed_list_is_whole() -> None:
    listed = read_list()
    assert set(ROOTS) <= {jar.coordinate for jar in listed}
    assert len({jar.filename for jar in listed}) == len(listed) == 46
    assert all(len(bytes.fromhex(jar.sha256)) == 32 for jar in listed)


def test_the_class_path_holds_the_listed_jars_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two = [JAR, Jar(JAR.sha256, "org.example:other:2.0")]
    monkeypatch.setattr(jars, "read_list", lambda: two)
    (tmp_path / "stray.jar").write_bytes(b"")
    path = jars.class_path(tmp_path, _fetching(GOOD, []))
    assert [Path(one).name for one in path.split(os.pathsep)] == ["thing-1.0.jar", "other-2.0.jar"]
