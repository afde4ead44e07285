"""What all tests share."""

import gc
from collections.abc import Iterator

import pytest

from app.broker import EmbeddedBroker


@pytest.fixture(scope="session")
def broker() -> Iterator[EmbeddedBroker]:
    """One Kafka for the whole run (one per process under xdist). Tests that kill a broker start their own."""
    with EmbeddedBroker() as embedded:
        yield embedded


@pytest.fixture
def without_collector() -> Iterator[None]:
    """The garbage collector does nothing by itself, and there is no garbage to begin with."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="fail the run when a test was skipped")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("--no-skips") and terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("--no-skips: a skipped test proves nothing, so this run failed", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("--no-skips") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
