"""Single files are watched wherever they are, or will be."""

import threading

import pytest

from watcher.folders import WatchedFiles


@pytest.fixture
def files():
    made = WatchedFiles()
    yield made
    made.stop()


class Calls:
    """Counts calls; ``since`` waits for one after something was done."""

    def __init__(self, eventually):
        self.number = 0
        self._eventually = eventually

    def __call__(self):
        self.number += 1

    def since(self, act):
        before = self.number
        act()
        self._eventually(lambda: self.number > before)


@pytest.fixture
def calls(eventually):
    return Calls(eventually)


def test_a_file_whose_directories_come_later_and_go_and_come_again(files, calls, tmp_path):
    path = tmp_path / "etc" / "own" / "config.toml"
    files.watch(str(path), calls)
    calls.since((tmp_path / "etc").mkdir)
    calls.since((tmp_path / "etc" / "own").mkdir)
    for text in ("a", "b"):
        calls.since(lambda text=text: path.write_text(text))
    calls.since(path.unlink)
    calls.since(path.parent.rmdir)
    calls.since(path.parent.mkdir)
    calls.since(lambda: path.write_text("c"))
    calls.since(lambda: path.chmod(0o600))  # who may write it matters too


def test_an_end_that_is_asked_for_right_after_a_change_is_not_missed(calls, tmp_path, eventually):
    threads = set(threading.enumerate())
    for number in range(5):
        files = WatchedFiles()
        files.watch(str(tmp_path / f"{number}"), calls)
        (tmp_path / f"{number}").touch()
        eventually(files._changed.is_set)  # it rests
        files.stop()
    left = set(threading.enumerate()) - threads
    assert not left, left


def test_a_directory_that_may_be_read_again_is_watched_again(files, calls, tmp_path, monkeypatch):
    """Whether it may be read is asked of the test, as an administrator may read everything."""
    etc = tmp_path / "etc"
    etc.mkdir(mode=0o700)
    may_read = False
    monkeypatch.setattr(
        "watcher.folders.watched_files.os.access", lambda path, _mode: may_read or path != str(etc)
    )
    files.watch(str(etc / "config.toml"), calls)
    may_read = True
    calls.since(lambda: etc.chmod(0o755))
    calls.since(lambda: (etc / "config.toml").write_text("a"))


def test_a_file_that_is_replaced_is_noticed(files, calls, tmp_path):
    path, new = tmp_path / "config.toml", tmp_path / "new"
    files.watch(str(path), calls)
    new.write_text("a")
    calls.since(lambda: new.replace(path))
    calls.since(path.unlink)


def test_others_go_on_being_watched_when_a_directory_comes(files, calls, tmp_path, eventually):
    other = Calls(eventually)
    files.watch(str(tmp_path / "a.toml"), other)
    files.watch(str(tmp_path / "etc" / "config.toml"), calls)
    calls.since((tmp_path / "etc").mkdir)
    other.since(lambda: (tmp_path / "a.toml").write_text("a"))
    calls.since(lambda: (tmp_path / "etc" / "config.toml").write_text("a"))
