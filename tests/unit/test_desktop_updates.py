"""What a snapshot shows on the desktop, and when the next look is due though nothing changes."""

import math

import pytest
from msgspec.structs import replace

from watcher.daemon.desktop import Desktop
from watcher.i18n.languages import catalog
from watcher.model.settings import Notifications
from watcher.model.snapshot import ActiveHold, AppState, Snapshot

HELD = Snapshot(at=1000.0, holds=(ActiveHold("account:default", "HrFlow rejected the key.", 2),))


class Shown:
    def __init__(self):
        self.views, self.messages = [], []
        self.desktop = Desktop(
            Notifications, catalog("en"),
            show_icon=self.views.append,
            show_notification=lambda each: self.messages.append(each.title),
        )  # fmt: skip

    def hear(self, snapshot, at=1000.0):
        return self.desktop.update(replace(snapshot, at=at))


@pytest.fixture
def shown():
    return Shown()


def test_what_keeps_uploads_back_is_told_after_a_while(shown):
    due = shown.hear(HELD)
    assert shown.views[-1].state is AppState.ATTENTION
    assert (due, shown.messages) == (1010.0, [])
    shown.hear(HELD, at=due)
    assert shown.messages == ["2 files are on hold"]


def test_a_snooze_is_taken_up_when_it_is_told(shown):
    off = replace(HELD, snoozed_until=math.inf)
    shown.hear(off)
    shown.hear(off, at=1060.0)
    shown.hear(HELD, at=1060.0)
    assert shown.messages == [], "what was there while there were none to be is old news"
