"""Files that are only renamed or moved stay what they were; nothing is paid for twice."""

import os
import shutil
import sys

import pytest

from tests.support.outcomes import count_outcomes
from tests.support.samples import make_pdf
from watcher.journal.reader import Reader
from watcher.model.settings import AfterUpload, Duplicates, Existing
from watcher.pipeline.messages import Approve


def held(world):
    reader = Reader(world.places.journal)
    try:
        return [(hold.why, hold.files) for hold in reader.held()]
    finally:
        reader.close()


def counts(world):
    reader = Reader(world.places.journal)
    try:
        return count_outcomes(reader.counts())
    finally:
        reader.close()


def send_new(world, folder, name):
    """Whatever came before a new file was looked at has been looked at once that was sent."""
    make_pdf(os.path.join(folder.path, name), name)
    world.wait_for(lambda: world.outcomes().get(name) == "sent")


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
    eventually(lambda: counts(world) == {"held": 22})
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
    eventually(lambda: counts(world).get("held") == left)
    assert [record.file_name for record in world.arrived()] == ["new.pdf"]
    ((why, files),) = held(world)
    assert files == left
    assert str(why) == f"Already in {folder.path} when watching began."
    world.app.post(Approve(moved))  # a yes finds them where they are now
    rest = {"held": 1} if meanwhile_off else {"gone": 1}
    eventually(lambda: counts(world) == {"sent": 22, **rest})


def test_what_was_skipped_is_skipped_under_another_name_too(world, eventually):
    folder = world.folder(existing=Existing.SKIP)
    old, kept = os.path.join(folder.path, "old.pdf"), os.path.join(folder.path, "kept.pdf")
    make_pdf(old, "old")
    make_pdf(kept, "kept")
    world.start(folder)
    os.rename(old, os.path.join(folder.path, "other.pdf"))
    os.link(kept, os.path.join(folder.path, "copy.pdf"))  # its name is still there: a copy
    send_new(world, folder, "new.pdf")
    eventually(lambda: world.outcomes().get("copy.pdf") == "sent")
    states = world.states()
    assert (states["other.pdf"], states["kept.pdf"]) == ("baseline", "baseline")
    assert {record.file_name for record in world.arrived()} == {"copy.pdf", "new.pdf"}


def test_a_no_to_what_waits_is_said_by_the_configuration(world, eventually):
    folder = world.folder(existing=Existing.ASK)
    make_pdf(os.path.join(folder.path, "old.pdf"), "old")
    world.start(folder)
    eventually(lambda: counts(world) == {"held": 1})
    world.app.reload(world.config(world.folder(existing=Existing.SKIP)))
    eventually(lambda: counts(world).get("baseline") == 1)
    assert held(world) == []
    send_new(world, folder, "new.pdf")
    assert len(world.arrived()) == 1


@pytest.mark.parametrize("meanwhile_off", [False, True], ids=["running", "off"])
def test_where_copies_are_sent_a_renamed_file_is_none(world, eventually, meanwhile_off):
    folder = world.folder(duplicates=Duplicates.UPLOAD)
    inner, moved = os.path.join(folder.path, "in"), os.path.join(folder.path, "in2")
    os.mkdir(inner)
    world.start(folder)
    for number in range(10):
        make_pdf(os.path.join(inner, f"{number}.pdf"), str(number))
    make_pdf(os.path.join(folder.path, "single.pdf"), "single")
    world.wait_idle(11)
    shutil.copy2(os.path.join(folder.path, "single.pdf"), os.path.join(folder.path, "copy.pdf"))
    world.wait_idle(12)
    if meanwhile_off:
        world.stop()
    os.rename(inner, moved)
    os.rename(os.path.join(folder.path, "single.pdf"), os.path.join(moved, "renamed.pdf"))
    os.rename(os.path.join(folder.path, "copy.pdf"), os.path.join(moved, "copy.pdf"))
    if meanwhile_off:
        world.start(folder)
    eventually(lambda: names_below(world, moved) == 12)
    assert len(world.arrived()) == 12
    assert counts(world) == {"sent": 12}  # no row was made for a mere move
    shutil.copy2(os.path.join(moved, "renamed.pdf"), os.path.join(folder.path, "single.pdf"))
    eventually(lambda: counts(world) == {"sent": 13})  # but a copy is one


def names_below(world, path):
    """As many files are known to be there."""
    reader = Reader(world.places.journal)
    try:
        return sum(files for files, _ in reader.totals(path).values())
    finally:
        reader.close()


def test_what_was_moved_out_and_back_is_no_copy(world, eventually):
    folder = world.folder(duplicates=Duplicates.UPLOAD)
    world.start(folder)
    inner, outside = os.path.join(folder.path, "in"), os.path.join(world.root, "outside")
    os.mkdir(inner)
    for number in range(5):
        make_pdf(os.path.join(inner, f"{number}.pdf"), str(number))
    world.wait_idle(5)
    os.rename(inner, outside)
    eventually(lambda: names_below(world, folder.path) == 0)
    os.rename(outside, inner)
    eventually(lambda: names_below(world, inner) == 5)
    assert counts(world) == {"sent": 5}
    assert len(world.arrived()) == 5


@pytest.mark.parametrize("meanwhile_off", [False, True], ids=["running", "off"])
def test_where_files_were_filed_nothing_is_new_under_other_settings(
    world, eventually, meanwhile_off
):
    done = {"after_upload": AfterUpload.MOVE, "sent_folder": "Done"}
    folder = world.folder(**done)
    world.start(folder)
    make_pdf(os.path.join(folder.path, "a.pdf"), "a")
    eventually(lambda: any(entry.filed_to for entry in world.entries()))
    (entry,) = world.entries()
    elsewhere = world.folder(**{**done, "sent_folder": "Done2"}, duplicates=Duplicates.UPLOAD)
    if meanwhile_off:
        world.stop()
        world.start(elsewhere)
    else:
        world.app.reload(world.config(elsewhere))
        world.app.rescan()
    # What would be taken for new there is something else than what was filed.
    make_pdf(os.path.join(os.path.dirname(entry.filed_to), "b.pdf"), "b")
    make_pdf(os.path.join(folder.path, "c.pdf"), "c")
    eventually(lambda: len([each for each in world.entries() if each.filed_to]) == 2)
    assert [record.file_name for record in world.arrived()] == ["a.pdf", "c.pdf"]
    assert os.path.exists(entry.filed_to)


@pytest.mark.skipif(sys.platform == "darwin", reason="nobody can tell whether a file is open there")
def test_what_is_moved_in_whole_is_sent_at_once_and_what_is_still_written_is_not(world, eventually):
    folder = world.folder(settle_seconds=60.0)
    world.start(folder)
    outside = world.root / "outside"
    outside.mkdir()
    for name in ("open", "broken", "whole"):
        make_pdf(outside / f"{name}.pdf", name)
    os.truncate(outside / "broken.pdf", (outside / "broken.pdf").stat().st_size - 10)
    with open(outside / "open.pdf", "ab") as writer:
        os.rename(outside, os.path.join(folder.path, "moved in"))
        world.wait_idle(1)
        make_pdf(os.path.join(folder.path, "later.pdf"), "later")
        world.wait_idle(2)
        assert {record.file_name for record in world.arrived()} == {"whole.pdf", "later.pdf"}
        writer.write(b"% the end")
    eventually(lambda: len(world.arrived()) == 3)
    assert "broken.pdf" not in {record.file_name for record in world.arrived()}
