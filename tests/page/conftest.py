"""The page as a person sees it: the program as a process, and a real browser."""

import os

import pytest

from tests.support.browser import CHROMIUM, QUIET, Person


@pytest.fixture(scope="session")
def browser():
    """One for all tests: to start it takes longer than most of them."""
    if not os.path.exists(CHROMIUM):
        pytest.skip("needs Debian's package chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield opened
        opened.close()


@pytest.fixture
def person(desk, browser, eventually):
    made = Person(desk, browser, eventually)
    yield made
    made.close()
