"""Rounds: who runs, in which turn, and what comes of those that fail."""

import time

from tests.bench.build import Missing
from tests.bench.contender import ALL, Contender
from tests.bench.contest import Entry, contest
from tests.bench.group import Failed
from tests.bench.measure import Run

LATER = 60.0


def no_jdk() -> list[str]:
    raise Missing("no JDK")


def test_contenders_take_turns_and_who_was_first_is_last_in_the_next_round() -> None:
    ran: list[str] = []

    def race(contender: Contender, command: list[str]) -> Run:
        ran.append(contender.name)
        return Run(1_000, 1.0, 1.0, 1.0, 1)

    entries = [Entry("totals", "many", Contender(name, lambda: []), race) for name in "ab"]
    results = contest(entries, 3, time.monotonic() + LATER, lambda _: None)
    assert ran == ["a", "b", "b", "a", "a", "b"]
    assert [one.runs for one in results] == [3, 3]


def test_one_that_can_not_be_had_is_named_with_the_reason() -> None:
    entry = Entry("totals", "many", Contender("a", no_jdk), lambda *_: Run(1, 1, 1, 1, 1))
    (result,) = contest([entry], 3, time.monotonic() + LATER, lambda _: None)
    assert (result.runs, result.missing) == (0, "no JDK")


def test_one_that_fails_later_keeps_its_runs_and_a_note() -> None:
    runs = iter([Run(1_000, 1.0, 1.0, 1.0, 1)])

    def race(contender: Contender, command: list[str]) -> Run:
        for run in runs:
            return run
        raise Failed("it died")

    entry = Entry("totals", "many", Contender("a", lambda: []), race)
    (result,) = contest([entry], 3, time.monotonic() + LATER, lambda _: None)
    assert (result.runs, result.note, result.missing) == (1, "; then it died", "")


def test_nothing_is_begun_when_the_time_is_up() -> None:
    entry = Entry("totals", "many", Contender("a", lambda: []), lambda *_: Run(1, 1, 1, 1, 1))
    (result,) = contest([entry], 3, time.monotonic() - 1, lambda _: None)
    assert result.missing == "no time was left"


def test_the_contenders_are_those_of_the_table() -> None:
    streams = {f"kafka-streams-{kind}" for kind in ("mem-1", "mem-2", "rocksdb-1", "rocksdb-eos")}
    python = {"giftstream", "pathway", "bytewax", "quix-streams", "faust-idiomatic", "ceiling"}
    assert {one.name for one in ALL} == streams | python | {"flink-heap", "flink-rocksdb"}
