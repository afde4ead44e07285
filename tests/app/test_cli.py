"""The command line: quick help, plain refusals, and exit codes."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app import cli
from app.errors import FailStop, Finding, GiftstreamError, UsageError
from app.version import VERSION

ROOT = Path(__file__).parents[2]
RUN = CliRunner()

COMMANDS = (
    "demo", "worker", "broker", "simulate", "produce", "top", "watch", "audit", "rebuild", "repartition",
    "topics create", "topics check", "dead-letters list", "dead-letters replay", "schemas export",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    result = RUN.invoke(cli.cli, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_without_arguments_it_names_the_commands() -> None:
    result = RUN.invoke(cli.cli, [])
    for command in COMMANDS:
        assert command.split()[0] in result.output


def test_version_is_that_of_the_project() -> None:
    result = RUN.invoke(cli.cli, ["--version"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert result.stdout == f"giftstream {VERSION}\n"
    assert project["version"] == VERSION


def test_help_loads_neither_kafka_nor_faust() -> None:
    code = "import sys, app.cli; print([m for m in ('aiokafka', 'faust', 'aiohttp') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["top", "--window", "2h"], "--window is '2h'. Allowed: 1m, 1h, 1d, stream"),
        (["watch", "--window", "2h"], "Allowed: 1m, 1h, 1d, stream"),
        (["worker", "--quarantine", "3-17"], "Allowed: PARTITION:OFFSET"),
        (["worker", "--accept-gap", "x"], "Allowed: PARTITION:OFFSET"),
        (["produce", "-", "--format", "xml"], "Allowed: gift, tiktok"),
        (["produce", "-", "--stream", "tiktok:1"], "are for --format tiktok"),
        (["produce", "/does/not/exist"], "Cannot read /does/not/exist"),
        (["dead-letters", "list", "--reason", "ugly"], "--reason is 'ugly'"),
        (["dead-letters", "replay"], "replay needs to know what to send"),
        (["dead-letters", "replay", "--unchanged"], "--unchanged with --reason"),
        (["simulate", "--seconds", "0"], "--seconds and --history are both 0"),
        (["top"], "No Kafka broker answers"),
        (["topics", "check"], "No Kafka broker answers"),
        (["audit"], "No Kafka broker answers"),
        (["audit", "--explain", "global|coin|1h|1791054000000"], "No Kafka broker answers"),
        (["audit", "--explain", "seven"], "'seven' is no key of a board. Expected OWNER|UNIT|WINDOW|START_MS, such as"),
        (["audit", "--member", "u1"], "--member is for --explain"),
        (["audit", "--state", "--explain", "seven"], "two questions"),
    ],
)
def test_a_wrong_use_is_refused_in_one_line_with_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    monkeypatch.setenv("GIFTSTREAM_BROKER", "127.0.0.1:1")
    monkeypatch.setattr(sys, "argv", ["giftstream", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capsys.readouterr()
    assert ended.value.code == 2
    assert out == ""
    assert words in err
    assert "Traceback" not in err


def test_an_unknown_option_is_a_usage_error() -> None:
    assert RUN.invoke(cli.cli, ["top", "--colour"]).exit_code == 2


@pytest.mark.parametrize(("error", "code"), [(Finding, 1), (UsageError, 2), (FailStop, 3)])
def test_errors_end_with_their_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: type[GiftstreamError], code: int
) -> None:
    def fail() -> None:
        raise error("seven is odd", allowed="even numbers", do="Add one")

    monkeypatch.setattr(cli, "cli", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code
    assert capsys.readouterr().err == "giftstream: seven is odd. Allowed: even numbers. Add one\n"


def test_schemas_are_printed_one_a_line() -> None:
    result = RUN.invoke(cli.cli, ["schemas", "export"])
    assert result.exit_code == 0
    assert "urn:giftstream:gifts.v1" in result.stdout


def test_a_load_can_be_written_to_a_file_with_its_answer(tmp_path: Path) -> None:
    file = tmp_path / "load.jsonl"
    result = RUN.invoke(cli.cli, ["simulate", "--to", str(file), "--rate", "50", "--seconds", "2", "--streams", "5"])
    assert result.exit_code == 0, result.output
    assert file.stat().st_size > 0
    assert '"counted"' in result.stdout
