"""Watched folders, and where they post to."""

import threading
import time

import pytest

from tests.support.folders import Inbox
from watcher.folders import Folders


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def folders(inbox):
    before = set(threading.enumerate())
    folders = Folders(
        inbox.post, lambda folder, directory: {}, check_seconds=0.1, missing_seconds=0.05
    )
    yield folders
    began = time.monotonic()
    folders.stop()
    assert time.monotonic() - began < 2.5
    assert set(threading.enumerate()) <= before


@pytest.fixture
def root(tmp_path):
    path = tmp_path / "CVs"
    path.mkdir()
    return path
