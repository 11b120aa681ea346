"""How commands shorten paths and times in tables."""

import time

import pytest

from watcher.cli.output import brief_moment, moment, parse_day, parse_moment, parse_span
from watcher.model.errors import UsageError, WatcherError
from watcher.present import listing


@pytest.mark.parametrize(
    ("folder", "path", "expected"),
    [
        ("/cvs", "/cvs/jane.pdf", "jane.pdf"),
        ("/cvs/", "/cvs/paris/jane.pdf", "paris/jane.pdf"),
        ("/cvs", "/cvs-old/jane.pdf", "/cvs-old/jane.pdf"),  # a name that only begins like it
        ("/cvs", "/elsewhere/jane.pdf", "/elsewhere/jane.pdf"),
        ("C:\\cvs", "C:\\cvs\\jane.pdf", "jane.pdf"),
    ],
)
def test_a_path_below_its_folder_is_relative_to_it(folder, path, expected):
    assert listing.below(folder, path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/ana/CVs", "~/CVs"),
        ("/home/anastasia/CVs", "/home/anastasia/CVs"),
        ("/srv/home/ana/CVs", "/srv/home/ana/CVs"),
        ("/home/ana", "/home/ana"),
    ],
)
def test_a_path_in_the_home_folder_is_shown_with_a_tilde(path, expected):
    assert listing.short_path(path, "/home/ana") == expected


def test_a_time_of_today_has_no_date_and_another_no_clock():
    now = time.mktime((2026, 11, 29, 12, 0, 0, 0, 0, -1))
    assert brief_moment(now - 60, now) == moment(now - 60)[11:]
    assert brief_moment(now - 86_400, now) == moment(now - 86_400)[:10]


def test_a_duration_without_a_unit_is_told_which_units_there_are():
    with pytest.raises(UsageError) as caught:
        parse_span("5")
    assert all(example in str(caught.value.hint) for example in ('"5m"', '"5h"', '"5d"'))


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-29"])
def test_a_day_without_a_week_around_it_is_none(day):
    with pytest.raises(UsageError):
        parse_day(day)


@pytest.mark.parametrize(
    ("zone", "text"),
    [("Pacific/Kiritimati", "0001-01-01"), ("America/New_York", "9999-12-31 23:59")],
)
def test_a_moment_that_does_not_exist_elsewhere_is_none(monkeypatch, zone, text):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        with pytest.raises(UsageError):
            parse_moment(text, 0.0)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("title", "hint", "expected"),
    [
        ("HrFlow said: no access", "Check it.", "HrFlow said: no access. Check it."),
        ("It is full.", "Check it.", "It is full. Check it."),
        ("no access", "", "no access"),
    ],
)
def test_a_title_that_ends_with_others_words_gets_its_stop(title, hint, expected):
    assert str(WatcherError(title, hint)) == expected
    assert str(WatcherError(title, hint).message) == expected
