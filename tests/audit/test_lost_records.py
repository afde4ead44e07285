"""A source log that no longer starts at 0: what the lost records may have touched is not judged."""

from app.audit.compare import Log, compare
from app.audit.report import Report
from tests.audit.small_log import NOON, OPTIONS, Json, Publisher, Topics, frame, gift, log

HOUR = 3_600_000
DAY = 24 * HOUR


def kept_part(*events: Json, lost: int) -> dict[int, Log]:
    """Return the log of the events once retention has taken the first `lost` of them."""
    return {0: Log(lost, list(log(*events).records)[lost:])}


def audited(topics: Topics, events: tuple[Json, ...], lost: int) -> Report:
    return compare(kept_part(*events, lost=lost), topics.boards, {0: len(events)}, OPTIONS)


def test_boards_of_lost_records_are_unverifiable() -> None:
    events = (gift("1"), gift("2", NOON + 1_000), gift("3", NOON + 2_000))
    topics = Publisher().run({0: log(*events)}, flush_after=[(0, 0), (0, 1)])
    report = audited(topics, events, lost=2)
    assert report.drift == 0
    assert (report.checked, report.exit_code()) == (0, 1)
    assert report.boards["totals"].unverifiable == 3 * 4
    assert report.boards["streams"].unverifiable == 3 * 3


def test_windows_well_after_the_loss_are_checked() -> None:
    events = (gift("1"), gift("2", NOON + 1), gift("3", NOON + 2 * HOUR), gift("4", NOON + 2 * DAY))
    topics = Publisher().run({0: log(*events)}, flush_after=[(0, n) for n in range(4)])
    report = audited(topics, events, lost=1)
    assert report.findings == []
    assert report.boards["totals"].checked == 3  # 1m, 1h, 1d of the fourth
    assert report.boards["streams"].checked == 3


def test_drift_after_the_loss_is_found() -> None:
    events = (gift("1"), gift("2", NOON + 1), gift("3", NOON + 2 * HOUR), gift("4", NOON + 2 * DAY))
    topics = Publisher().run({0: log(*events)})
    key = f"tiktok:s|coin|1h|{NOON + 2 * DAY}"
    topics.replace("totals", key, topics.body("totals", key) | {"value": 6})
    assert [f.key for f in audited(topics, events, lost=1).findings] == [key]


def test_an_id_that_may_have_been_seen_is_not_judged() -> None:
    """The third record repeats the lost first one under a later event time; the log cannot tell any more."""
    events = (gift("1"), gift("2", NOON + 1), gift("1", NOON + 360_000), gift("3", NOON + 360_001))
    report = audited(Publisher().run({0: log(*events)}), events, lost=1)
    assert report.drift == 0


def test_a_streak_that_began_before_is_not_judged_however_long_it_goes_on() -> None:
    frames = [frame(str(n), 10 - n, NOON + n * 500_000) for n in range(10)]
    events = (*frames, frame("end", 12, NOON + 5_000_000))
    report = audited(Publisher().run({0: log(*events)}), events, lost=1)
    assert report.drift == 0


def test_a_board_that_says_incomplete_is_unverifiable_only_if_records_are_lost() -> None:
    events = (gift("1"), gift("2", NOON + 1), gift("3", NOON + 2 * HOUR), gift("4", NOON + 2 * DAY))
    topics = Publisher().run({0: log(*events)})
    key = f"tiktok:s|coin|1d|{NOON + 2 * DAY - 12 * HOUR}"
    topics.replace("totals", key, topics.body("totals", key) | {"incomplete": ["0:0-1"]})
    assert audited(topics, events, lost=1).findings == []
    assert [f.key for f in audited(topics, events, lost=0).findings] == [key]


def test_a_log_that_lost_everything_can_not_be_checked() -> None:
    topics = Publisher().run({0: log(gift("1"))})
    report = compare({0: Log(1, [])}, topics.boards, {0: 1}, OPTIONS)
    assert (report.drift, report.checked, report.exit_code()) == (0, 0, 1)
