"""Reports: sums that add up, periods of people's calendars, a page that needs nothing else."""

import html.parser
import re
from datetime import date, datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.cli import history
from watcher.model.entries import Month, Timing
from watcher.model.kinds import State
from watcher.present import report
from watcher.present.report import CATEGORIES, EDGE_WORDS, EDGES, Span


def at(text):
    return datetime.fromisoformat(text).timestamp()  # local


@pytest.mark.parametrize(
    ("span", "day", "first", "last", "slots"),
    [
        (Span.DAY, "2026-11-23", "2026-11-23", "2026-11-24", 24),
        (Span.WEEK, "2026-11-23", "2026-11-23", "2026-11-30", 7),  # a Monday
        (Span.WEEK, "2026-11-29", "2026-11-23", "2026-11-30", 7),  # its Sunday
        (Span.WEEK, "2027-01-01", "2026-12-28", "2027-01-04", 7),  # across the year
        (Span.MONTH, "2026-11-30", "2026-11-01", "2026-12-01", 30),
        (Span.MONTH, "2028-02-10", "2028-02-01", "2028-03-01", 29),
        (Span.MONTH, "2026-12-31", "2026-12-01", "2027-01-01", 31),
    ],
)
def test_periods_are_those_of_a_calendar(span, day, first, last, slots):
    period = report.make_period(span, date.fromisoformat(day))
    assert (period.since, period.until) == (at(first), at(last))
    assert len(period.words) == slots == len(period.slots) - 1


WEEK = report.make_period(Span.WEEK, date(2026, 11, 25))
TIMINGS = st.lists(
    st.builds(
        lambda *values: Timing(*values),  # hypothesis would look for types of the type checker
        st.sampled_from(["/a", "/b <x> & y"]),
        st.sampled_from(["k1", "k2", ""]),
        st.just(""),
        st.sampled_from(list(State)),
        st.floats(WEEK.since - 86400, WEEK.until + 86400),
        st.floats(0, 10),
        st.floats(0, 100),
        st.floats(0, 4000),
    ),
    max_size=40,
)


@given(TIMINGS)
def test_all_numbers_add_up_to_the_files_of_the_period(timings):
    made = report.summarize(WEEK, timings)
    expected = [each for each in timings if WEEK.since <= each.noticed_at < WEEK.until]
    assert made.total.files == len(expected)
    assert sum(line.files for line in made.lines) == len(expected)
    assert sum(sum(bar.values()) for bar in made.bars) == len(expected)
    for line in (made.total, *made.lines):
        assert sum(line.states.values()) == sum(line.categories.values()) == line.files


@given(TIMINGS)
def test_the_page_is_whole_and_takes_nothing_from_elsewhere(timings):
    page = report.render(report.summarize(WEEK, timings), "2026-11-25 10:00", "/home/ana")
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ET.fromstring(drawing)
    for word in ("http://", "https://", "<script", "url(", "@import", "src=", "href="):
        assert word not in page
    assert "<x>" not in page


def test_every_state_is_in_one_group():
    assert {report.category(state) for state in State} == set(CATEGORIES)
    assert len(EDGE_WORDS) == len(EDGES) + 1


def test_medians_are_of_what_is_known():
    monday = WEEK.since + 3600
    timings = [
        Timing("/a", "k", "Engineering", State.PARSED, monday, 10, 12, 20),
        Timing("/a", "k", "Engineering", State.PARSED, monday, 10, 14, 18),
        Timing("/a", "k", "Engineering", State.ACCEPTED, monday, 10, 11, 0),
        Timing("/a", "", "", State.REFUSED, monday),
    ]
    made = report.summarize(WEEK, timings)
    refused, sent = made.lines
    assert (sent.source, sent.files) == ("Engineering", 3)
    assert (sent.upload_seconds, sent.parse_seconds) == (2, 6)
    assert (refused.upload_seconds, refused.parse_seconds) == (None, None)
    assert made.uploads[:3] == (2, 1, 0)
    assert report.record(made)["total"]["median_parse_seconds"] == 6
    assert report.record(made)["slots"][0]["parsed"] == 2


def test_the_page_leaves_out_categories_without_files():
    made = report.summarize(WEEK, [Timing("/a", "k", "", State.PARSED, WEEK.since)])
    page = report.render(made, "now", "/home/ana")
    shown = {name for name, label in CATEGORIES.items() if f">{label}<" in page}
    assert shown == {"parsed"}


def test_what_was_extracted_is_counted_apart_from_what_was_ignored(capsys):
    at = WEEK.since + 3600
    timings = [
        Timing("/a", "k", "Engineering", State.IGNORED, at, is_opened=True),
        Timing("/a", "k", "Engineering", State.IGNORED, at, is_opened=True),
        Timing("/b", "k", "Engineering", State.IGNORED, at),
    ]
    history._show_lines(report.summarize(WEEK, timings))
    assert [line.split("\t")[2:5] for line in capsys.readouterr().out.splitlines()] == [
        ["2", "2", "0"], ["1", "0", "1"], ["3", "2", "1"],
    ]  # fmt: skip


def test_an_empty_report_is_one_too():
    made = report.summarize(WEEK, [])
    assert "No files" in report.render(made, "now", "/home/ana")
    assert report.record(made)["total"]["files"] == 0


@given(st.integers(0, 10**7))
def test_a_charts_height_is_a_number_people_count_in(most):
    top = report._round_up(most)
    assert max(1, most) <= top < max(2, most * 2)
    marks = report._marks(top)
    assert marks[0] == 0
    assert marks[-1] == top
    assert len(marks) <= 5


def test_it_is_html_that_a_parser_takes():
    seen = []

    class Parser(html.parser.HTMLParser):
        def handle_starttag(self, tag, attrs):
            seen.append(tag)

    Parser().feed(report.render(report.summarize(WEEK, []), "now", "/home/ana"))
    assert "svg" in seen


@pytest.mark.parametrize(("second", "columns"), [("default", 2), ("lyon", 3)])
def test_the_uploads_of_each_month_are_told_by_account_where_there_are_several(second, columns):
    months = [Month("2026-11", "default", 1200), Month("2026-10", second, 7)]
    made = report.summarize(WEEK, [], months)
    assert [(each["month"], each["uploads"]) for each in report.record(made)["months"]] == [
        ("2026-11", 1200), ("2026-10", 7),
    ]  # fmt: skip
    (table,) = re.findall(r"<table>.*?</table>", report.render(made, "", "/home/ana"), re.DOTALL)
    assert len(re.findall("<th ", table)) == columns
    assert "1,200" in table
