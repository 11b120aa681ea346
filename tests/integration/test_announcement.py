"""What the program says of itself is in its file while it runs, and nobody writes it afterwards."""

import json
import os
import threading

import pytest

from watcher.daemon import instance
from watcher.daemon.instance import Announcement


@pytest.fixture
def facts():
    return {"pending": 0}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "running.json"


@pytest.fixture
def announced(path, facts):
    made = Announcement(str(path), lambda: facts)
    made.say()
    return made


def test_it_is_written_when_it_is_otherwise_only(announced, path, facts):
    before = os.stat(path)
    announced.say()
    assert os.stat(path) == before
    facts["pending"] = 1
    announced.say()
    assert json.loads(path.read_text()) == {"pending": 1}


@pytest.mark.parametrize(
    "harm", [lambda path: path.unlink(), lambda path: path.write_text("{")], ids=["gone", "garbled"]
)
def test_what_somebody_has_removed_or_spoiled_comes_back(announced, path, facts, harm):
    harm(path)
    announced.say()
    assert json.loads(path.read_text()) == facts


def test_where_it_cannot_be_written_it_is_tried_again(path, facts, caplog):
    announced = Announcement(str(path), lambda: facts)
    path.mkdir()
    announced.say()
    assert "cannot say how things are" in caplog.text
    path.rmdir()
    announced.say()
    assert json.loads(path.read_text()) == facts


def test_whoever_ends_waits_for_who_writes_and_nobody_writes_after_that(
    announced, path, facts, monkeypatch, eventually
):
    writes, begun, may_end = [], threading.Event(), threading.Event()

    def write(_path, text):
        begun.set()
        may_end.wait(30)
        writes.append(text)

    monkeypatch.setattr(instance, "write_atomically", write)
    facts["pending"] = 1
    writer = threading.Thread(target=announced.say)
    writer.start()
    assert begun.wait(30)
    ender = threading.Thread(target=announced.end)
    ender.start()
    assert ender.is_alive()
    may_end.set()
    for thread in (ender, writer):
        thread.join(30)
    path.unlink()
    announced.say()
    assert writes == ['{"pending": 1}']
    assert not path.exists()
