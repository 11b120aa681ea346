"""What passes how things are on to icon and messages, on its own thread."""

import math
import threading
from dataclasses import replace

import pytest

from tests.support.waiting import PATIENCE
from watcher.daemon.desktop import Desktop
from watcher.i18n.catalog import catalog
from watcher.model.settings import Notifications
from watcher.model.snapshot import ActiveHold, AppState, Snapshot

HELD = Snapshot(holds=(ActiveHold("account:default", "HrFlow does not accept the key.", 2),))


class Shown:
    """A desktop whose clock is set by the test."""

    def __init__(self, wanted):
        self.views, self.messages = [], []
        self.now = 1000.0
        self.fails = False
        self.heard = threading.Condition()
        self.desktop = Desktop(
            lambda: wanted, catalog("en"), show_icon=self.icon, show_notification=self.notification,
            now=lambda: self.now,
        )  # fmt: skip
        self.desktop.start()

    def icon(self, view):
        with self.heard:
            self.views.append(view)
            self.heard.notify_all()
        if self.fails:
            raise ValueError("the icon cannot be shown")

    def notification(self, title, text):
        with self.heard:
            self.messages.append(title)
            self.heard.notify_all()

    def hear(self, snapshot):
        """Returns when it was looked at."""
        with self.heard:
            before = len(self.views)
            self.desktop.update(snapshot)
            assert self.heard.wait_for(lambda: len(self.views) > before, PATIENCE)

    def wait_for(self, condition):
        with self.heard:
            assert self.heard.wait_for(condition, PATIENCE)


@pytest.fixture
def shown():
    made = Shown(Notifications())
    yield made
    made.desktop.stop()
    assert not made.desktop._thread.is_alive()


def test_a_pause_ends_by_itself(shown):
    shown.hear(Snapshot(paused_until=1000.2))
    assert shown.views[-1].state is AppState.PAUSED
    shown.now = 1000.3
    shown.wait_for(lambda: shown.views[-1].state is AppState.IDLE)


def test_what_keeps_uploads_back_is_told_after_a_while(shown):
    shown.hear(HELD)
    shown.now += 11
    shown.hear(HELD)
    shown.wait_for(lambda: shown.messages == ["2 files are held back"])


def test_a_snooze_is_taken_up_when_it_is_told(shown):
    shown.hear(replace(HELD, snoozed_until=math.inf))
    shown.now += 60
    shown.hear(replace(HELD, snoozed_until=math.inf, today=1))
    shown.hear(replace(HELD, today=2))
    assert shown.messages == [], "what was there while there were none to be is old news"


def test_an_icon_that_fails_ends_nothing(shown, caplog):
    shown.fails = True
    shown.hear(HELD)
    shown.fails = False
    shown.hear(replace(HELD, today=1))
    assert shown.views[-1].state is AppState.ATTENTION
    assert "could not be updated" in caplog.text
