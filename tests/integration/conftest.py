"""Watched folders, and where they post to."""

import pytest

from tests.support.folders import Inbox
from watcher.folders import FolderSupervisor


@pytest.fixture
def inbox():
    return Inbox()


@pytest.fixture
def folders(inbox):
    folders = FolderSupervisor(
        inbox.post, lambda folder, directory: {}, check_seconds=0.1, missing_seconds=0.05
    )
    yield folders
    folders.stop()


@pytest.fixture
def root(tmp_path):
    path = tmp_path / "CVs"
    path.mkdir()
    return path
