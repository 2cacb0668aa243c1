"""The schedules of pg_cron, against an independent reading minute by minute."""

from datetime import UTC, datetime, timedelta

import pytest

from local_platform.cron_schedule import Schedule

START = datetime(2026, 2, 27, 23, 0, tzinfo=UTC)  # a Friday, near the end of a short month


def runs(schedule: str, hours: int) -> list[datetime]:
    """The minutes in which the schedule is due."""
    parsed = Schedule.parse(schedule)
    minutes = [START + timedelta(minutes=n) for n in range(hours * 60)]
    return [minute for minute in minutes if parsed.is_due(minute, minute - timedelta(minutes=1))]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("* * * * *", lambda at: True),
        ("*/7 * * * *", lambda at: at.minute % 7 == 0),
        ("5-20/5 1,3 * * *", lambda at: at.minute in {5, 10, 15, 20} and at.hour in {1, 3}),
        ("0 9 1 * *", lambda at: (at.day, at.hour, at.minute) == (1, 9, 0)),
        ("30 8 * * 1-5", lambda at: at.isoweekday() <= 5 and (at.hour, at.minute) == (8, 30)),
        ("0 0 * * 7", lambda at: at.isoweekday() == 7 and (at.hour, at.minute) == (0, 0)),
        ("0 12 1 * mon", lambda at: (at.day == 1 or at.isoweekday() == 1) and at.hour == 12
            and at.minute == 0),
        ("@hourly", lambda at: at.minute == 0),
        ("0 0 29 2 *", lambda at: False),
    ],
)  # fmt: skip
def test_it_is_due_in_exactly_the_minutes_it_names(schedule: str, expected: object) -> None:
    assert callable(expected)
    every = [START + timedelta(minutes=n) for n in range(5 * 24 * 60)]
    assert runs(schedule, 5 * 24) == [minute for minute in every if expected(minute)]


def test_it_runs_once_in_a_minute_however_often_it_is_asked() -> None:
    schedule = Schedule.parse("* * * * *")
    assert schedule.is_due(START + timedelta(seconds=1), START - timedelta(seconds=1))
    assert not schedule.is_due(START + timedelta(seconds=59), START + timedelta(seconds=1))


def test_seconds_are_counted_from_the_last_start() -> None:
    schedule = Schedule.parse("30 seconds")
    assert not schedule.is_due(START + timedelta(seconds=29), START)
    assert schedule.is_due(START + timedelta(seconds=30), START)


@pytest.mark.parametrize(
    "schedule", ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "5-1 * * * *", "x y z a b"]
)
def test_what_cannot_be_read_is_refused(schedule: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Schedule.parse(schedule)
