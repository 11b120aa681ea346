"""Every line of the samples' table, however the files come into the folder."""

import json
import os
import shutil

import pytest

from tests.e2e.conftest import SAMPLES
from watcher import sandbox as sb
from watcher.model.settings import Item

OFFICE = "application/vnd.openxmlformats-officedocument"
DOCX = f"{OFFICE}.wordprocessingml.document"

#: name → media type and the name that the server sees
SENT = {
    "Aisha Rahman - CV.pdf": ("application/pdf", "Aisha Rahman - CV.pdf"),
    "CV María José.doc": ("application/msword", "CV María José.doc"),
    "fatima.html": ("text/html", "fatima.html"),
    "mai scan.jpeg": ("image/jpeg", "mai scan.jpeg"),
    "O'Brien, John (final).rtf": ("application/rtf", "O'Brien, John (final).rtf"),
    "portfolio.odp": ("application/vnd.oasis.opendocument.presentation", "portfolio.odp"),
    "portfolio.ppt": ("application/vnd.ms-powerpoint", "portfolio.ppt"),
    "portfolio.pptx": (f"{OFFICE}.presentationml.presentation", "portfolio.pptx"),
    "small.bmp": ("image/bmp", "small.bmp"),
    "soren_agard.odt": ("application/vnd.oasis.opendocument.text", "soren_agard.odt"),
    "template.dotx": (f"{OFFICE}.wordprocessingml.template", "template.dotx"),
    "Łukasz Wójcik.docx": (DOCX, "Łukasz Wójcik.docx"),
    "陈晓明.png": ("image/png", "陈晓明.png"),
    # the content decides, the name follows
    "really a pdf.docx": ("application/pdf", "really a pdf.pdf"),
    "no extension": (DOCX, "no extension.docx"),
    "leading junk.pdf": ("application/pdf", "leading junk.pdf"),
}
#: name → a word of the reason
REFUSED = {
    "truncated.pdf": "incomplete",
    "renamed program.pdf": "program",
    "archive of CVs.zip": "zip",
    "empty.pdf": "empty",
    "plain.txt": "text",
    "README.md": "text",
}
IGNORED = {"._Aisha Rahman - CV.pdf", "~$Łukasz Wójcik.docx"}
TAGS = (Item(name="office", value="Paris"), Item(name="urgent", value=True))


def test_the_table_speaks_of_every_sample():
    assert set(os.listdir(SAMPLES)) == set(SENT) | set(REFUSED) | IGNORED


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
    world.wait_idle(len(SENT) + len(REFUSED))
    world.stop()
    check_everything(world)


def test_all_samples_are_imported_as_the_table_says(world):
    folder = world.folder(tags=TAGS)
    copy(SAMPLES, folder.path)
    world.start(folder, import_all=True)
    world.wait_idle(len(SENT) + len(REFUSED))
    world.stop()
    check_everything(world)


def check_everything(world):
    arrived = world.arrived()
    entries = {os.path.basename(entry.path): entry for entry in world.entries()}
    by_hash = {record.sha256: record for record in arrived}
    assert len(arrived) == len(SENT) == len(by_hash)
    for name, (media_type, sent_as) in SENT.items():
        entry = entries[name]
        record = by_hash[entry.sha256]
        fields = dict(record.fields)
        assert str(entry.state) in ("accepted", "parsed"), name
        assert record.file_name == sent_as
        assert record.content_type == fields["profile_content_type"] == media_type
        assert record.source_key == sb.ENGINEERING.key
        assert record.reference == entry.sha256
        assert json.loads(fields["tags"]) == [
            {"name": "office", "value": "Paris"},
            {"name": "urgent", "value": True},
        ]
    for name, word in REFUSED.items():
        assert str(entries[name].state) == "refused", name
        assert word in str(entries[name].why), entries[name].why
    assert not IGNORED & set(entries)
    assert set(entries) == set(SENT) | set(REFUSED)
