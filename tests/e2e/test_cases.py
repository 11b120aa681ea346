"""What becomes of files that people really had, and of what lies beside them."""

import os
import shutil

import pytest

from tests.support.samples import SAMPLES
from watcher.daemon.dry_run import OPENED as OPENED_VERDICT
from watcher.daemon.dry_run import check_file
from watcher.daemon.plans import make_plans
from watcher.model.kinds import State
from watcher.model.reasons import is_opened
from watcher.model.settings import AfterRefusal, AfterUpload
from watcher.present import view

CASES = os.path.join(os.path.dirname(os.path.dirname(__file__)), "cases")
TAKE_OUT, SAVE = "Extract the document and add it.", "Save it as PDF or Word."
SIGNED = f"This file is a digitally signed file (.p7m). {TAKE_OUT}"
LOCKED = "This file is password-protected. Save it without a password."
GOOGLE = "This file is only a link to a Google document. Download it as PDF or Word."
PAGES = "This file is a Pages document. Export it as PDF or Word."

#: path → the name that the server sees, and its media type
SENT = {
    "linearized-wrong-L.pdf": ("linearized-wrong-L.pdf", "application/pdf"),
    "data-after-brace.rtf": ("data-after-brace.rtf", "application/rtf"),
    "html-fragment.doc": ("html-fragment.html", "text/html"),
    "webpage/Noor Halvorsen _ Networking site.html": (
        "Noor Halvorsen _ Networking site.html",
        "text/html",
    ),
    "bundle/CV Noor.rtfd/TXT.rtf": ("CV Noor.rtf", "application/rtf"),
    "mail.eml/attachment 1": ("attachment 1.pdf", "application/pdf"),
    "application.eml/cv.pdf": ("cv.pdf", "application/pdf"),
}
#: Opened for the document inside.
OPENED = ("mail.eml", "application.eml")
REFUSED = {
    "three candidates.tar": f"This file is a tar archive. {TAKE_OUT}",
    "howto.txt": f"This file is a text file. {SAVE}",
    "README.md": f"This file is a text file. {SAVE}",
    "Fede Brambilla.pdf.p7m": SIGNED,
    "Fede Brambilla stream.pdf.p7m": SIGNED,
    "Ines CV.gdoc": GOOGLE,
    "open-password.pdf": LOCKED,
    "password.docx": LOCKED,
    "password.odt": LOCKED,
    "mhtml.doc": f"This file is a web page saved as a single file (MHTML). {SAVE}",
    "word2003.xml.doc": f"This file is a Word 2003 XML document. {SAVE}",
    "bundle/CV Noor.pages/Index.zip": PAGES,
}
#: Made here, as not every system can keep such names: what nobody hears of.
SILENT = (
    "Ines CV.pdf:Zone.Identifier", "Ines CV.pdf.nextcloud", "Ines CV.pdf.owncloud", "Icon\r",
    "Ines CV.pdf.!sync", "lost+found/Ines CV.pdf", "desktop.ini", ".DS_Store", "Thumbs.db",
    "Ines CV.pdf.crdownload", "Ines CV.pdf.part", "Ines CV.pdf.filepart", "~$Ines CV.docx",
    "Photos.photoslibrary/originals/1.jpeg", "Editor.app/Contents/Resources/manual.pdf",
)  # fmt: skip
#: Cannot be moved alone: a link, a page with its folder, documents that are folders.
TIED = ("Ines CV.gdoc", "webpage/Noor Halvorsen _ Networking site.html", "bundle/")


def bring(target):
    """The cases, and side files with the content of a CV, so that nothing but names tells."""
    shutil.copytree(CASES, target, dirs_exist_ok=True)
    for name in SILENT if os.name == "posix" else ():
        path = os.path.join(target, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copyfile(os.path.join(CASES, "linearized-wrong-L.pdf"), path)


def below(folder, path):
    return os.path.relpath(path, os.path.realpath(folder.path)).replace(os.sep, "/")


def check(world, folder, entries):
    parts = {path for path in entries if "site_files/" in path or path.startswith("bundle/")}
    parts -= SENT.keys() | REFUSED.keys()
    assert entries.keys() == SENT.keys() | REFUSED.keys() | set(OPENED) | parts
    for path in OPENED:
        assert is_opened(entries[path]), path
    for path, entry in entries.items():
        if path in OPENED:
            continue
        state = "ignored" if path in parts else "refused" if path in REFUSED else "parsed"
        assert str(entry.state) in (state, "accepted" if state == "parsed" else state), path
        assert str(entry.why) == REFUSED.get(path, str(entry.why))
        assert path not in parts or str(entry.why).startswith("This file is part of "), entry.why
    shown = {view.name(each) for each in entries.values() if str(each.state) != "ignored"}
    assert {"CV Noor.pages", "CV Noor.rtfd"} <= shown
    assert not {"Index.zip", "TXT.rtf"} & shown
    seen = {(record.file_name, record.content_type) for record in world.arrived()}
    assert seen == set(SENT.values())
    assert len(world.arrived()) == len(SENT)


def count():
    """How many of the cases are looked at: all but what browsers call a download."""
    names = [name for _, _, names in os.walk(CASES) for name in names]
    return sum(not name.endswith(".download") for name in names) + len(OPENED)


@pytest.mark.parametrize("into", ["", "from the job fair"])
def test_cases_become_what_they_should(world, tmp_path, into):
    folder = world.folder()
    world.start(folder)
    bring(str(tmp_path / "outside"))
    shutil.copytree(tmp_path / "outside", os.path.join(folder.path, into), dirs_exist_ok=True)
    world.wait_idle(count())
    world.stop()
    entries = {below(folder, entry.path): entry for entry in world.entries()}
    check(world, folder, {path.removeprefix(into + "/"): each for path, each in entries.items()})


def test_check_says_what_then_happens(world):
    folder = world.folder()
    bring(folder.path)
    plans = make_plans(world.config(folder))
    said = {}
    for directory, _, names in os.walk(folder.path):
        for name in names:
            path = os.path.join(directory, name)
            said[below(folder, path)] = check_file(path, plans, world.places)
    bundle = check_file(os.path.join(folder.path, "bundle", "CV Noor.pages"), plans, world.places)
    assert str(bundle.why) == PAGES
    world.start(folder)
    world.wait_idle(count())
    world.stop()
    entries = {below(folder, entry.path): entry for entry in world.entries()}
    for path, verdict in said.items():
        entry = entries.get(path)
        if path in OPENED:
            (inside,) = verdict.parts
            assert (verdict.display, verdict.why) == (OPENED_VERDICT, entry.why)
            assert inside.is_sent
            assert inside.document.file_name == SENT[below(folder, inside.file)][0]
        elif entry is None or str(entry.state) in ("ignored", "refused"):
            state = entry.state if entry else State.IGNORED
            assert verdict.display == view.STATES[state], path
            assert entry is None or verdict.why == entry.why
        else:
            assert verdict.is_sent, path
            assert verdict.document.file_name == SENT[path][0]


def test_what_is_tied_to_its_place_is_never_moved(world):
    folder = world.folder(after_upload=AfterUpload.MOVE, after_refusal=AfterRefusal.MOVE)
    bring(folder.path)
    world.start(folder)
    world.wait_idle(count())
    moved = [each for each in (*SENT, *REFUSED) if not each.startswith(TIED)]
    world.wait_for(lambda: not any(os.path.exists(f"{folder.path}/{each}") for each in moved))
    world.stop()
    left = {
        below(folder, os.path.join(os.path.realpath(directory), name))
        for directory, _, names in os.walk(folder.path)
        for name in names
        if not below(folder, os.path.realpath(directory)).startswith(("Sent", "Refused"))
    }
    kept = {each for each in (*SENT, *REFUSED) if each.startswith(TIED)}
    assert kept | set(SILENT if os.name == "posix" else ()) <= left
    assert not {each for each in left if each.endswith(".error.txt")}


def test_the_parts_of_a_page_that_is_saved_only_then_wait_for_it(world):
    folder = world.folder(settle_seconds=1.0)
    world.start(folder)
    page = os.path.join(CASES, "webpage", "Noor Halvorsen _ Networking site.html")
    parts = os.path.join(folder.path, "CV-Dateien")
    shutil.copytree(page.replace(".html", "_files"), parts)
    shutil.copyfile(page, os.path.join(folder.path, "before.html"))
    world.wait_for(lambda: "before.html" in world.states())  # the parts have been seen by then
    shutil.copyfile(page, os.path.join(folder.path, "CV.htm"))
    world.wait_idle(2 + len(os.listdir(parts)) - 1)  # "app.js.download" is not even looked at
    world.stop()
    assert {name for name, state in world.states().items() if state != "ignored"} == {
        "before.html", "CV.htm"
    }  # fmt: skip


def test_what_only_seems_to_break_off_is_sent_in_the_end(world):
    folder = world.folder(settle_seconds=0.1)
    world.start(folder)
    whole = os.path.join(CASES, "linearized-wrong-L.pdf")
    for name, more in (("later.pdf", b"\n9 0 obj\n<<"), ("room.pdf", bytes(2_000_000))):
        shutil.copyfile(whole, os.path.join(folder.path, name))
        with open(os.path.join(folder.path, name), "ab") as file:
            file.write(more)
    with open(os.path.join(folder.path, "brace.rtf"), "wb") as file:
        file.write(b"{\\rtf1 {\\b Zoe}\\par {x}")
    shutil.copyfile(os.path.join(SAMPLES, "truncated.pdf"), os.path.join(folder.path, "cut.pdf"))
    world.wait_idle(4)
    world.stop()
    assert {record.file_name for record in world.arrived()} == {
        "later.pdf",
        "room.pdf",
        "brace.rtf",
    }
    assert world.states()["cut.pdf"] == "refused"
