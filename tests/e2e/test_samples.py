"""Every line of the samples' table, however the files come into the folder."""

import os
import shutil

import pytest

from tests.support.samples import IGNORED, KNOWN, OPENED, REFUSED, SAMPLES, SENT
from tests.support.world import check_everything
from watcher.model.settings import Item

TAGS = (Item(name="office", value="Paris"), Item(name="urgent", value=True))


def test_the_table_speaks_of_every_sample():
    assert set(os.listdir(SAMPLES)) == set(SENT) | set(REFUSED) | set(OPENED) | IGNORED


def copy(source, target):
    for name in sorted(os.listdir(source)):
        shutil.copyfile(os.path.join(source, name), os.path.join(target, name))


def move(source, target):
    for name in sorted(os.listdir(source)):
        os.rename(os.path.join(source, name), os.path.join(target, name))


def move_directory(source, target):
    os.rename(source, os.path.join(target, "from the job fair"))


@pytest.mark.parametrize("bring", [copy, move, move_directory])
def test_all_samples_arrive_as_the_table_says(world, tmp_path, bring):
    shutil.copytree(SAMPLES, tmp_path / "outside")
    folder = world.folder(tags=TAGS)
    world.start(folder)
    bring(str(tmp_path / "outside"), folder.path)
    world.wait_idle(KNOWN)
    world.stop()
    check_everything(world)


def test_all_samples_are_imported_as_the_table_says(world):
    folder = world.folder(tags=TAGS)
    copy(SAMPLES, folder.path)
    world.start(folder, import_all=True)
    world.wait_idle(KNOWN)
    world.stop()
    check_everything(world)
