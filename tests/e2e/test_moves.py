"""Files that are only renamed or moved stay what they were; nothing is paid for twice."""

import os

import pytest

from tests.e2e.test_journey import make_pdf
from watcher.journal.reader import Reader
from watcher.pipeline import Take
from watcher.settings import Existing


def held(world):
    reader = Reader(world.places.journal)
    try:
        return [(why, files) for _, why, files in reader.held()]
    finally:
        reader.close()


def counts(world):
    reader = Reader(world.places.journal)
    try:
        return {str(state): files for state, files in reader.counts().items()}
    finally:
        reader.close()


def send_new(world, folder, name):
    """Whatever came before a new file was looked at has been looked at once that was sent."""
    make_pdf(os.path.join(folder.path, name), name)
    world.wait_for(lambda: world.states().get(name) == "accepted")


@pytest.mark.parametrize("meanwhile_off", [False, True], ids=["running", "off"])
def test_what_waits_for_a_yes_waits_under_another_name_too(world, eventually, meanwhile_off):
    folder = world.folder(existing=Existing.ASK)
    inner, moved = os.path.join(folder.path, "in"), os.path.join(folder.path, "in2")
    os.mkdir(inner)
    for number in range(20):
        make_pdf(os.path.join(inner, f"{number}.pdf"), str(number))
    make_pdf(os.path.join(folder.path, "single.pdf"), "single")
    make_pdf(os.path.join(folder.path, "goes.pdf"), "goes")
    world.start(folder)
    eventually(lambda: counts(world) == {"held": 22}, within=30)
    if meanwhile_off:
        world.stop()
    os.rename(inner, moved)
    os.rename(os.path.join(folder.path, "single.pdf"), os.path.join(moved, "renamed.pdf"))
    if meanwhile_off:
        world.start(folder)
    else:
        os.unlink(os.path.join(folder.path, "goes.pdf"))
    send_new(world, folder, "new.pdf")
    left = 22 if meanwhile_off else 21
    eventually(lambda: counts(world).get("held") == left, within=30)
    assert [record.file_name for record in world.arrived()] == ["new.pdf"]
    ((why, files),) = held(world)
    assert files == left
    assert why.startswith(f"{left} files were in")
    world.app.post(Take(moved))  # a yes finds them where they are now
    rest = {"held": 1} if meanwhile_off else {"gone": 1}
    eventually(lambda: counts(world) == {"accepted": 22, **rest}, within=30)


def test_what_was_skipped_is_skipped_under_another_name_too(world, eventually):
    folder = world.folder(existing=Existing.SKIP)
    old, kept = os.path.join(folder.path, "old.pdf"), os.path.join(folder.path, "kept.pdf")
    make_pdf(old, "old")
    make_pdf(kept, "kept")
    world.start(folder)
    os.rename(old, os.path.join(folder.path, "other.pdf"))
    os.link(kept, os.path.join(folder.path, "copy.pdf"))  # its name is still there: a copy
    send_new(world, folder, "new.pdf")
    eventually(lambda: world.states().get("copy.pdf") == "accepted", within=30)
    states = world.states()
    assert (states["other.pdf"], states["kept.pdf"]) == ("baseline", "baseline")
    assert {record.file_name for record in world.arrived()} == {"copy.pdf", "new.pdf"}


def test_a_no_to_what_waits_is_said_by_the_configuration(world, eventually):
    folder = world.folder(existing=Existing.ASK)
    make_pdf(os.path.join(folder.path, "old.pdf"), "old")
    world.start(folder)
    eventually(lambda: counts(world) == {"held": 1}, within=30)
    world.app.reload(world.config(world.folder(existing=Existing.SKIP)))
    eventually(lambda: counts(world).get("baseline") == 1, within=30)
    assert held(world) == []
    send_new(world, folder, "new.pdf")
    assert len(world.arrived()) == 1
