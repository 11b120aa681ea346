"""The report as a document: on a screen, on a phone and on paper, nothing of it is cut off."""

from datetime import date

import pytest

from watcher.model.entries import Timing
from watcher.model.kinds import State
from watcher.present.report import Span, make_period, render, summarize

#: How far what is wider than the page reaches beyond it, in pixels.
CUT_OFF = "[...document.querySelectorAll('.wide')].map(each => each.scrollWidth - each.clientWidth)"
MONTH = make_period(Span.MONTH, date(2026, 11, 1))


@pytest.fixture
def document():
    """A report with files in every state, in folders with long names."""
    files = [
        Timing(f"/home/recruiter/Documents/Applications {number}", "0" * 40, "", state,
               MONTH.since, MONTH.since + 1, MONTH.since + 2, MONTH.since + 30)
        for number, state in enumerate(State)
    ]  # fmt: skip
    return render(summarize(MONTH, files), "2026-11-30 10:00")


@pytest.mark.parametrize(
    ("width", "medium"), [(1280, "screen"), (718, "print")], ids=["screen", "A4"]
)
def test_every_column_of_the_report_is_seen(browser, document, width, medium):
    with browser.new_context(viewport={"width": width, "height": 1000}) as context:
        page = context.new_page()
        page.emulate_media(media=medium)
        page.set_content(document)
        assert set(page.evaluate(CUT_OFF)) == {0}


def test_the_report_fits_a_phone_but_for_what_can_be_moved_sideways(browser, document):
    with browser.new_context(viewport={"width": 360, "height": 780}) as context:
        page = context.new_page()
        page.set_content(document)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
