"""The report as a document: on a screen, on a phone and on paper, nothing of it is cut off."""

from datetime import date

import pytest

from watcher.i18n.languages import catalog
from watcher.i18n.message import ENGLISH
from watcher.model.entries import Timing
from watcher.model.kinds import State
from watcher.present.report import Span, make_period, render, summarize

#: How far what is wider than the page reaches beyond it, in pixels.
CUT_OFF = "[...document.querySelectorAll('.wide')].map(each => each.scrollWidth - each.clientWidth)"


def period_of(span):
    return make_period(span, date(2026, 12, 1))


MONTH = period_of(Span.MONTH)


#: Words of charts that overlap or are beyond the sides of the screen.
ILLEGIBLE = """[...document.querySelectorAll('svg')].flatMap((chart) => {
  const words = [...chart.querySelectorAll('text')].map((each) => [each.textContent, each.getBoundingClientRect()]);
  const isBeside = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
  return words.filter(([, box], at) =>
    box.left < 0 || box.right > innerWidth || words.slice(0, at).some(([, other]) => !isBeside(box, other)),
  ).map(([text]) => text);
})"""


def make_document(period, word=ENGLISH):
    """A report with files in every state, in folders with long names."""
    files = [
        Timing(f"/home/recruiter/Documents/Applications {number}", "0" * 40, "", state,
               period.since, period.since + 1, period.since + 2, period.since + 30)
        for number, state in enumerate(State)
    ]  # fmt: skip
    return render(summarize(period, files), "November 30, 2026 at 10:00", "/home/recruiter", word)


@pytest.fixture
def document():
    return make_document(MONTH)


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


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("span", list(Span))
def test_charts_fit_a_phone_and_can_be_read(browser, span, language):
    with browser.new_context(viewport={"width": 360, "height": 780}) as context:
        page = context.new_page()
        page.set_content(make_document(period_of(span), catalog(language)))
        charts = page.locator("svg").evaluate_all("all => all.map(each => each.closest('.wide'))")
        assert charts == [None] * 3
        assert page.evaluate(ILLEGIBLE) == []
