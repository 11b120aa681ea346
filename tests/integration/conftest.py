"""Watched folders, and where they post to."""

import threading

import pytest

from tests.support.folders import Inbox
from watcher.folders import FolderSupervisor


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def folders(inbox):
    before = set(threading.enumerate())
    folders = FolderSupervisor(
        inbox.post, lambda folder, directory: {}, check_seconds=0.1, missing_seconds=0.05
    )
    yield folders
    folders.stop()
    assert set(threading.enumerate()) <= before


@pytest.fixture
def root(tmp_path):
    path = tmp_path / "CVs"
    path.mkdir()
    return path
