"""What a running command writes, what it waits for, and that its settings are the latest ones."""

import threading
from types import SimpleNamespace

import pytest

from tests.support.waiting import PATIENCE
from watcher.cli import run
from watcher.cli.foreground import LiveLines, StopSignal
from watcher.i18n.message import NOTHING
from watcher.model.entries import Entry
from watcher.model.kinds import State
from watcher.model.reasons import BEING_WRITTEN, INCOMPLETE, NEW_SETTINGS
from watcher.model.settings import Config, LogLevel


@pytest.mark.parametrize(
    ("why", "lines"), [(BEING_WRITTEN, 1), (INCOMPLETE, 1), (NEW_SETTINGS, 0), (NOTHING, 0)]
)
def test_a_file_that_is_waited_for_gets_a_line(why, lines, capsys):
    stop = StopSignal()
    live = LiveLines(stop, as_json=False)
    entry = Entry(1, "/cvs", "/cvs/a.pdf", State.NOTICED, why, changed_at=1.0)
    live(entry)
    live(entry)  # something else about it has changed
    stop.close()
    assert capsys.readouterr().out.count("a.pdf") == lines


# -- the configuration while it runs


class Reloaded:
    """As much of the program as a reload needs."""

    def __init__(self, config):
        self.config = config

    def reload(self, config):
        self.config = config


def test_of_two_reloads_at_once_the_later_version_wins(monkeypatch):
    older, newer = (
        Config(accounts=(), log_level=each) for each in (LogLevel.DEBUG, LogLevel.ERROR)
    )
    is_read, may_go_on = threading.Event(), threading.Event()
    versions = iter((older, newer))

    def load(_):
        config = next(versions)
        if config is older:
            is_read.set()
            may_go_on.wait(PATIENCE)
        return SimpleNamespace(config=config)

    monkeypatch.setattr(run, "load_config", load)
    app = Reloaded(Config(accounts=()))
    reload = run._Reload(None, app)
    first, second = threading.Thread(target=reload), threading.Thread(target=reload)
    first.start()
    assert is_read.wait(PATIENCE)
    second.start()
    second.join(0.3)  # it must not overtake the first one
    may_go_on.set()
    first.join(PATIENCE)
    second.join(PATIENCE)
    assert app.config is newer
