"""Somebody with the program running as a process and its page open in a real browser."""

import re
import shutil

from tests.support.waiting import PATIENCE
from watcher.model.kinds import State
from watcher.present.view import STATES

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-breakpad",
    "--disable-dev-shm-usage", "--lang=en-US",
)  # fmt: skip


class Person:
    """Somebody with the program running and its page open."""

    def __init__(self, desk, browser, eventually):
        self.desk = desk
        self.places = desk.places
        self.channel = desk.channel
        self.eventually = eventually
        self._browser = browser
        self._contexts = []

    def start(self, *arguments, command=None, env=None):
        """Start the program; returns once it can be talked to."""
        self.process = self.desk.start("run", *arguments)
        self.eventually(self.channel, why="the program never listened")
        return self.process

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
        context.set_default_timeout(PATIENCE * 1000)
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


def names(page):
    return page.locator("#rows .c-name").all_inner_texts()


def row(page, name):
    """The line of a file, by the file's name."""
    return page.locator("#rows tr", has=page.locator(".c-name").get_by_text(name, exact=True))


def details(page, name):
    """Open the details of a file."""
    row(page, name).locator(".c-state").click()
    page.get_by_role("dialog").wait_for()


def wait_for(page, name, state):
    """Wait until a file is shown in a state; "sent" whether or not its result is known."""
    states = (State.ACCEPTED, State.PARSED) if state == "sent" else (State(state),)
    labels = re.compile("|".join(re.escape(str(STATES[each].label)) for each in states))
    row(page, name).locator(".c-state", has_text=labels).wait_for()


def rows(page, files):
    """Wait until the list has so many lines."""
    page.wait_for_function("(n) => document.querySelectorAll('#rows tr').length === n", arg=files)


def see_no_problem(page):
    assert page.problems == []
