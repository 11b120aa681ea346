"""Configurations that are read from a text, a journal, and ways in which systems treat files."""

import errno
import os

import pytest

from watcher.config import load
from watcher.journal.writer import Journal
from watcher.model.errors import ConfigError


@pytest.fixture
def load_text(tmp_path):
    def load_text(text, **more):
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        values = {"environ": {"BASE": "/data"}, "home": "/home/jo", "state_dir": "/var/own", **more}
        return load(str(path), **values)

    return load_text


@pytest.fixture
def mistakes(load_text, tmp_path):
    """The mistakes of a text, without the file's path."""

    def find(text, **more):
        with pytest.raises(ConfigError) as caught:
            load_text(text, **more)
        return [
            str(each).removeprefix(f"{tmp_path / 'config.toml'}:") for each in caught.value.mistakes
        ]

    return find


@pytest.fixture
def path(tmp_path):
    """Where the journal is."""
    return str(tmp_path / "state" / "journal.db")


@pytest.fixture
def journal(path):
    made = Journal(path)
    yield made
    made.close()


@pytest.fixture(params=[True, False], ids=["dir_fd", "paths"])
def has_dir_fd(request):
    """Directories are opened one after the other or, as on Windows, looked at by their paths."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("watcher.documents.opening.HAS_DIR_FD", request.param)
        yield


@pytest.fixture(params=[True, False], ids=["hard links", "no hard links"])
def hard_links(request):
    """Whether the file system has hard links, as FAT does not."""

    def refuse(*_paths, **_options):
        raise OSError(errno.EPERM, "no hard links")

    with pytest.MonkeyPatch.context() as patch:
        if not request.param:
            patch.setattr(os, "link", refuse)
        yield
