from agents.domain.schedule import Schedule


def test_things_come_out_when_they_are_due_earliest_first() -> None:
    schedule: Schedule[str] = Schedule()
    for when, thing in [(30, "c"), (10, "a"), (20, "b")]:
        schedule.add(when, thing)
    assert list(schedule.due(9, 9)) == []
    assert list(schedule.due(20, 9)) == ["a", "b"]
    assert list(schedule.due(99, 9)) == ["c"]
    assert list(schedule.due(99, 9)) == []


def test_not_more_come_out_than_asked_for() -> None:
    schedule: Schedule[str] = Schedule()
    for thing in "abc":
        schedule.add(10, thing)
    assert len(list(schedule.due(10, 2))) == 2
    assert len(list(schedule.due(10, 2))) == 1


def test_a_thing_may_be_put_back_for_later_while_others_are_taken_out() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add(10, "a")
    schedule.add(11, "b")
    for thing in schedule.due(11, 9):
        schedule.add(20, thing)
    assert sorted(schedule.due(20, 9)) == ["a", "b"]
