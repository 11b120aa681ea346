"""The sample CV is put into a folder without harm to what is there."""

import os

import pytest

from watcher.daemon.setup import drop_sample, remove_sample, sample_path
from watcher.model.errors import UnusableError
from watcher.sandbox.samples import sample_cv_pdf


def read(path):
    with open(path, "rb") as file:
        return file.read()


def identity(path):
    """What tells a file from another one; when it was read last does not."""
    found = os.stat(path)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def test_it_is_dropped_once_and_taken_away(tmp_path):
    folder = str(tmp_path)
    path = drop_sample(folder)
    before = identity(path)
    assert (path, read(path)) == (sample_path(folder), sample_cv_pdf())
    assert os.listdir(folder) == [os.path.basename(path)]
    assert drop_sample(folder) == path
    assert identity(path) == before, "one that is there is left as it is"
    remove_sample(folder)
    assert os.listdir(folder) == []
    remove_sample(folder)


def test_what_was_left_of_a_drop_is_replaced_and_a_link_there_is_not_followed(tmp_path):
    own = tmp_path / "own"
    own.write_bytes(b"precious")
    folder = tmp_path / "cvs"
    folder.mkdir()
    part = folder / f".{os.path.basename(sample_path(str(folder)))}.part"
    part.symlink_to(own)
    assert read(drop_sample(str(folder))) == sample_cv_pdf()
    assert own.read_bytes() == b"precious"


@pytest.mark.parametrize("kind", ["another file", "a link", "a directory"])
def test_something_else_of_its_name_is_neither_replaced_nor_removed(tmp_path, kind):
    path = sample_path(str(tmp_path))
    own = tmp_path / "own"
    own.write_bytes(sample_cv_pdf())
    match kind:
        case "a link":
            os.symlink(own, path)
        case "a directory":
            os.mkdir(path)
        case _:
            with open(path, "wb") as file:
                file.write(sample_cv_pdf() + b"\n%theirs")
    with pytest.raises(UnusableError, match="is not the sample CV"):
        drop_sample(str(tmp_path))
    remove_sample(str(tmp_path))
    assert os.path.lexists(path)


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(UnusableError, match="No file can be written to"):
        drop_sample(str(tmp_path / "gone"))
