"""How far a rebuild is, in words and numbers."""

from app.rebuild.progress import Counted, Pace


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_rate_and_time_left_are_since_this_process_began() -> None:
    time = Time()
    pace = Pace({0: 100, 1: 0}, time)
    assert pace.due({0: 600}, {0: 1_100, 1: 1_000}) == Counted(500, 2_000, 0.0, None)
    time.now = 10.0
    assert pace.due({0: 1_000, 1: 100}, {0: 1_100, 1: 1_000}) == Counted(1_000, 2_000, 50.0, 20.0)


def test_it_is_told_now_and_then() -> None:
    time = Time()
    pace = Pace({0: 0}, time)
    assert pace.due({}, {0: 10}) is not None
    time.now = 1.0
    assert pace.due({0: 5}, {0: 10}) is None
    time.now = 2.5
    assert pace.due({0: 5}, {0: 10}) is not None


def test_words_and_json() -> None:
    counted = Counted(1_204_000, 9_800_000, 41_000.0, 209.6)
    assert str(counted) == "1,204,000 of 9,800,000 records counted, 41,000 a second, 3 min 30 s left"
    assert str(Counted(1, 2, 0.0, None)) == "1 of 2 records counted, 0 a second"
    assert str(Counted(0, 9, 1.0, 7_260.0)).endswith("2 h 1 min left")
    assert counted.as_dict() == {
        "phase": "counting",
        "records": 1_204_000,
        "of": 9_800_000,
        "per_second": 41_000.0,
        "seconds_left": 209.6,
    }
