"""Single files are watched wherever they are, or will be."""

import os

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
    for text in ("a", "b"):
        path.parent.mkdir(parents=True, exist_ok=True)
        calls.since(lambda text=text: path.write_text(text))
    calls.since(lambda: path.chmod(0o600))  # who may write it matters too
    calls.since(lambda: path.parent.chmod(0o777))
    calls.since(path.unlink)
    calls.since(path.parent.rmdir)
    path.parent.mkdir()
    calls.since(lambda: path.write_text("c"))


def test_a_file_that_is_replaced_is_noticed(files, calls, tmp_path):
    path, new = tmp_path / "config.toml", tmp_path / "new"
    files.watch(str(path), calls)
    new.write_text("a")
    calls.since(lambda: new.replace(path))
    calls.since(path.unlink)


def test_a_file_behind_a_link_is_noticed(files, calls, tmp_path):
    target = tmp_path / "dotfiles" / "config.toml"
    target.parent.mkdir()
    os.symlink(target, tmp_path / "config.toml")
    files.watch(str(tmp_path / "config.toml"), calls)
    calls.since(lambda: target.write_text("a"))
    calls.since(lambda: target.write_text("b"))


def test_a_change_that_fails_to_be_handled_is_not_the_last(files, calls, tmp_path):
    def fail():
        calls()
        raise ValueError

    files.watch(str(tmp_path / "config.toml"), fail)
    calls.since(lambda: (tmp_path / "config.toml").write_text("a"))
    calls.since(lambda: (tmp_path / "config.toml").write_text("b"))
