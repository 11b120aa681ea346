"""The page as a person sees it: the program as a process, and a real browser."""

import os
import shutil

import pytest

from tests.e2e.conftest import desk
from tests.e2e.desk import Desk
from watcher.daemon.instance import Places
from watcher.page.client import Channel, NotRunningError

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-breakpad",
    "--disable-dev-shm-usage", "--lang=en-US",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    """One for a module: to start it takes longer than most tests."""
    if not os.path.exists(CHROMIUM):
        pytest.skip("needs Debian's package chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield opened
        opened.close()


class Person:
    """Somebody with the program running and its page open."""

    def __init__(self, desk, browser, eventually):
        self.desk = desk
        self.places = Places(str(desk.root / "state"))
        self.eventually = eventually
        self._browser = browser
        self._contexts = []

    def start(self, *arguments, command=None, env=None):
        """Start the program; returns once it can be talked to."""
        self.process = self.desk.start("run", *arguments)
        self.eventually(self.channel, 30, "the program never listened")
        return self.process

    def channel(self):
        try:
            return Channel.open(self.places)
        except NotRunningError:
            return None

    def drop(self, name, content=None, sample=None):
        path = self.desk.folder / name
        if sample:
            shutil.copyfile(sample, path)
        else:
            path.write_bytes(content or b"%PDF-1.4\n%" + name.encode() + b"\n%%EOF\n")
        return path

    def open(self, at="", **options):
        """The page in a browser of its own, at a place in it."""
        context = self._browser.new_context(
            **{"viewport": {"width": 1280, "height": 900}, "locale": "en-US", **options}
        )
        context.set_default_timeout(20_000)
        self._contexts.append(context)
        page = context.new_page()
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.on("console", lambda line: page.problems.append(line.text)
                if line.type in ("error", "warning") else None)  # fmt: skip
        page.goto(self.channel().post("/api/link", at=at)["link"])
        page.wait_for_selector("#headline:not(:empty)")
        return page

    def close(self):
        for context in self._contexts:
            context.close()


@pytest.fixture
def person(desk, browser, eventually):
    made = Person(desk, browser, eventually)
    yield made
    made.close()


__all__ = ["Desk", "desk"]
