"""Names of what lies beside documents, and documents that several files make up."""

import os

import pytest

from watcher.documents import identify, main_file
from watcher.documents.bundles import find_place, is_tied
from watcher.documents.filing import file_away
from watcher.model.entries import Stat
from watcher.model.files import Filed
from watcher.model.kinds import State
from watcher.model.settings import AfterUpload, Folder
from watcher.pipeline.admission import decide
from watcher.routing.ignored import ignore_filter
from watcher.routing.names import document_path
from watcher.routing.patterns import Host
from watcher.routing.rules import make_plan

IGNORED = [
    # Windows keeps where a file is from in a stream; elsewhere it becomes a file.
    "CV.pdf:Zone.Identifier", "CV.pdf:Zone.Identifier:$DATA", "CV.pdf_Zone.Identifier",
    "CV.pdf:com.dropbox.attrs", "CV.pdf:AFP_AfpInfo", "Thumbs.db:encryptable",
    # Placeholders and half-fetched files of synchronisers.
    "CV.pdf.nextcloud", "CV.pdf.owncloud", "CV.pdf.NextCloud", "CV.pdf.icloud", ".CV.pdf.icloud",
    "CV.pdf.cloud", "CV.pdf.cloudf", "CV.pdf.!sync", "CV.pdf.!Sync", "CV.pdf.bts", "CV.pdf.rslsf",
    "~syncthing~CV.pdf.tmp", ".syncthing.CV.pdf.tmp", ".stversions/CV.pdf", ".sync/Archive/CV.pdf",
    ".dropbox.cache/2025-01-01/CV.pdf", ".tmp.drivedownload/12/CV.pdf", "CV.odopen",
    "CV.pdf.gstmp", "CV.pdf.ffs_tmp", "sync.ffs_db", "sync.ffs_lock",
    ".849C9593-D756-4E56-8D6E-42412F2A707B", ".owncloudsync.log", "._sync_1a2b.db",
    # Half-downloaded ones of browsers and other programs.
    "CV.pdf.crdownload", "Unconfirmed 1234.crdownload", "CV.pdf.part", "CV.pdf.partial",
    "CV.pdf.download/CV.pdf", "CV.pdf.opdownload", "CV.pdf.filepart", "CV.pdf.aria2", "CV.pdf.!ut",
    "CV.pdf.downloading", "CV.pdf.td", "CV.pdf.td.cfg", "CV.pdf.dctmp", "CV.pdf.ob!",
    "CV.pdf.fdmdownload", "CV.pdf.cyberducksegment/CV.pdf-1",
    # Office and editors.
    "~$CV.docx", "~WRL0001.tmp", "~WRD0001.doc", ".~lock.CV.odt#", "AutoRecovery save of CV.asd",
    "Backup of CV.wbk", "CV.docx.sb-1a2b3c4d-XyZ123", "#CV.txt#", ".CV.txt.swp",
    # Systems and network drives.
    ":2eDS_Store", "Icon\r", "Icon\uf00d", "jobs/Icon\r", ".DS_Store", "Thumbs.db", "ehthumbs_vista.db",
    "desktop.ini", "lost+found/CV.pdf", "LOST.DIR/1", "found.000/file0000.chk",
    "$RECYCLE.BIN/S-1-5/$R1.pdf", "#recycle/CV.pdf", "@eaDir/CV.pdf/SYNO.png",
    "CV.pdf@SynoEAStream", "#snapshot/2025/CV.pdf", "__MACOSX/._CV.pdf", "._CV.pdf",
    # Folders of macOS that are programs, libraries or projects.
    "Editor.app/Contents/Resources/manual.pdf", "Photos Library.photoslibrary/originals/0/1.jpeg",
    "Novel.scriv/Files/Data/1/content.rtf", "App.xcodeproj/project.pbxproj",
]  # fmt: skip
TAKEN = [
    "Zone.Identifier.pdf", "CV: nurse.pdf", "Icon.pdf", "lost+found.pdf", "My app.pdf", "CV.app.pdf",
    "nextcloud.pdf", "CV part 2.pdf", "Partial transcript.pdf", "CV.gdoc", "CV.pages/Index.zip",
    "CV.rtfd/TXT.rtf", "CV_files/photo.jpg", "found 3.pdf", "Synology engineer@syno.pdf",
    "CV (conflicted copy 2025-01-01).pdf", "CV.sync-conflict-20250101-120000-ABC.pdf", "icon designer.pdf",
]  # fmt: skip


@pytest.mark.parametrize("below", IGNORED)
def test_side_files_are_ignored(below):
    assert ignore_filter(Folder(path="/srv", account="a", source_key="k"))(below)


@pytest.mark.parametrize("below", TAKEN)
def test_documents_with_names_like_those_are_not(below):
    assert not ignore_filter(Folder(path="/srv", account="a", source_key="k"))(below)


def make(root, *names):
    for name in names:
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(b"x")


#: There, asked for, part of, may be one, why
PLACES = [
    (("CV.html", "CV_files/a.jpg"), "CV_files/a.jpg", "CV.html", False, "English"),
    (("CV.HTM", "CV.files/a.jpg"), "CV.files/a.jpg", "CV.HTM", False, "Office"),
    (("CV.htm", "CV-Dateien/x/a.jpg"), "CV-Dateien/x/a.jpg", "CV.htm", False, "German, deeper"),
    (("CV.html", "CV_fichiers/a.jpg"), "CV_fichiers/a.jpg", "CV.html", False, "French"),
    (("CV.html", "CV_archivos/a.jpg"), "CV_archivos/a.jpg", "CV.html", False, "Spanish"),
    (("CV.html", "CV_bestanden/a.jpg"), "CV_bestanden/a.jpg", "CV.html", False, "Dutch"),
    (("CV.html", "CV_pliki/a.jpg"), "CV_pliki/a.jpg", "CV.html", False, "Polish"),
    (("CV.html", "CV-filer/a.jpg"), "CV-filer/a.jpg", "CV.html", False, "Swedish"),
    (("CV.html", "CV_файлы/a.jpg"), "CV_файлы/a.jpg", "CV.html", False, "Russian"),
    (("x/CV.html", "x/CV_files/a.jpg"), "x/CV_files/a.jpg", "CV.html", False, "in a folder"),
    (("Zoe\u0308.html", "Zoë_files/a.jpg"), "Zoë_files/a.jpg", "Zoe\u0308.html", False, "NFD"),
    (("cv.php", "cv_files/a.jpg"), "cv_files/a.jpg", "cv.php", False, "named by the server"),
    (("cv.aspx", "cv-Dateien/a.jpg"), "cv-Dateien/a.jpg", "cv.aspx", False, "likewise"),
    (("CV.html", "CV.html_files/a.jpg"), "CV.html_files/a.jpg", "CV.html", False, "with the ending"),
    (("CV.html", "CV_Files/a.jpg"), "CV_Files/a.jpg", "CV.html", False, "another case"),
    (("CV_files/a.jpg",), "CV_files/a.jpg", "", True, "the page has not come"),
    (("CV.pdf", "CV_files/a.jpg"), "CV_files/a.jpg", "", True, "a PDF has no parts"),
    (("CV.html", "files/a.jpg"), "files/a.jpg", "", False, "a folder of the person's own"),
    (("CV.html", "CV files/a.jpg"), "CV files/a.jpg", "", False, "likewise"),
    (("_files/a.jpg", ".html"), "_files/a.jpg", "", False, "no name"),
    (("CV.pages/Index.zip", "CV.pages/a.jpg"), "CV.pages/a.jpg", "CV.pages", False, "Pages"),
    (("CV.pages/Index/Document.iwa", "CV.pages/a.jpg"), "CV.pages/a.jpg", "CV.pages", False, "older"),
    (("CV.pages/index.xml.gz", "CV.pages/a.pdf"), "CV.pages/a.pdf", "CV.pages", False, "of 2009"),
    (("CV.pages/a.jpg",), "CV.pages/a.jpg", "", True, "still being copied"),
    (("CV.key/Index.zip", "CV.key/Data/a.jpg"), "CV.key/Data/a.jpg", "CV.key", False, "Keynote"),
    (("CV.numbers/Index.zip", "CV.numbers/a.jpg"), "CV.numbers/a.jpg", "CV.numbers", False, "Numbers"),
    (("CV.rtfd/TXT.rtf", "CV.rtfd/a.png"), "CV.rtfd/a.png", "CV.rtfd", False, "a picture in RTF"),
    (("CV.textbundle/text.md", "CV.textbundle/assets/a.png"), "CV.textbundle/assets/a.png",
     "CV.textbundle", False, "Markdown"),
    (("CV.v2/a.pdf",), "CV.v2/a.pdf", "", False, "a folder like any other"),
]  # fmt: skip


@pytest.mark.parametrize(("names", "asked", "part_of", "may_be_part", "why"), PLACES)
def test_places(tmp_path, names, asked, part_of, may_be_part, why):
    root = str(tmp_path)
    make(root, *names)
    path = os.path.join(root, asked)
    place = find_place(root, path)
    assert (place.part_of, place.may_be_part) == (part_of, may_be_part), why
    assert place.name == os.path.basename(asked)
    assert is_tied(root, path) is bool(part_of)
    if part_of.lower().endswith((".html", ".htm", ".php", ".aspx")):
        assert is_tied(root, os.path.join(root, os.path.dirname(names[0]), part_of))


#: The file as the journal has it, and the document that people see.
SHOWN = [
    ("/srv/CV.pages/Index.zip", "/srv/CV.pages"),
    ("/srv/CV.PAGES/Index/Document.iwa", "/srv/CV.PAGES"),
    ("C:\\CVs\\CV.rtfd\\TXT.rtf", "C:\\CVs\\CV.rtfd"),
    ("/srv/CV.epub/META-INF/container.xml", "/srv/CV.epub"),
    ("/srv/CV.pages/QuickLook/Preview.pdf", "/srv/CV.pages/QuickLook/Preview.pdf"),
    ("/srv/pages/Index.zip", "/srv/pages/Index.zip"),
    ("/srv/CV.rtfd/Index.zip", "/srv/CV.rtfd/Index.zip"),
    ("/srv/CV.pages", "/srv/CV.pages"),
]


@pytest.mark.parametrize(("path", "shown"), SHOWN)
def test_a_document_that_is_a_folder_is_shown_as_one(path, shown):
    assert document_path(path) == shown


#: The file that stands for a folder, the name that the server sees, what it is
MAIN = [
    ("CV.pages/Index.zip", "CV.pages", "a Pages document"),
    ("CV.pages/Index/Document.iwa", "CV.pages", "a Pages document"),
    ("CV.key/index.apxl.gz", "CV.key", "a Keynote presentation"),
    ("CV.numbers/Index.zip", "CV.numbers", "a Numbers spreadsheet"),
    ("CV.epub/META-INF/container.xml", "CV.epub", "an e-book"),
    ("CV.rtfd/TXT.rtf", "CV.txt", "a text file"),  # as its content is
]


@pytest.mark.parametrize(("name", "file_name", "what"), MAIN)
def test_one_file_stands_for_a_document_that_is_a_folder(tmp_path, name, file_name, what):
    root = str(tmp_path)
    make(root, name, name.partition("/")[0] + "/preview.jpg")
    assert main_file(f"{root}/{name.partition('/')[0]}") == name.partition("/")[2]
    found = identify(root, f"{root}/{name}", accepts=lambda _: True).document
    assert (found.file_name, str(found.sniffed.what), found.part_of) == (file_name, what, "")
    assert is_tied(root, f"{root}/{name}")


@pytest.mark.parametrize(
    ("names", "tied", "why"),
    [
        (("CV.html", "CV_files/a.jpg"), True, "its pictures would stay behind"),
        (("CV.html",), False, "a page alone"),
        (("CV.pdf", "CV_files/a.jpg"), False, "no page"),
        (("CV.gdoc",), True, "a link"),
        (("CV.GSHEET",), True, "another"),
    ],
)
def test_what_cannot_be_moved_alone_stays(tmp_path, names, tied, why):
    root, path = str(tmp_path), str(tmp_path / names[0])
    make(root, *names)
    found = os.stat(path)
    stat = Stat(found.st_size, found.st_mtime_ns, found.st_dev, found.st_ino)
    filed = file_away(root, path, stat, AfterUpload.MOVE, "Sent/2025-02-03")
    assert (filed == Filed(path)) is tied, why
    assert os.path.exists(path) is tied


def decided(root, name, **settings):
    folder = Folder(path=root, account="a", source_key="k", **settings)
    plan = make_plan(folder, Host("h", "u"))
    found = identify(root, os.path.join(root, name), accepts=plan.accepts).document
    return decide(found, plan)


ADVICE = [
    # content, name, settings, why it is refused ("": it is not)
    (b"hello", "a.txt", {}, "This file is a text file. Save it as PDF or Word."),
    (b"hello", "a.txt", {"accept": ("text/plain",)}, ""),
    (b"\x89PNG\r\n\x1a\nIEND\xaeB`\x82", "a.png", {"accept": ("application/pdf",)}, "This file is a PNG image (image/png), a type that this folder doesn't accept. To upload it, add the type to \"accept\" in the configuration."),
    (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(9), "a.heic", {"convert_images": False}, "This file is a HEIC photo. Save it as PDF, JPEG or PNG."),
    (b"\0\0\1\0" + bytes(30), "a.ico", {}, "This file is an image (ICO). Save it as PDF, JPEG or PNG."),
    (b"ID3\x03" + bytes(30), "a.mp3", {}, "This file is an audio file (MP3), not a document. Add the document instead, or ignore this file."),
    (b"#!/bin/sh\n", "a.pdf", {}, "This file is a program, not a document. Add the document instead, or ignore this file."),
    (b"\x01\x02\x03", "a.pdf", {}, "This is not a document that HrFlow can read. Save it as PDF or Word."),
    (b"\x1f\x8b\x08" + bytes(30), "a.gz", {}, "This file is a gzip archive. Extract the document and add it."),
    (b"PK\x03\x04" + bytes(30), "a.zip", {}, "This file is a zip archive. Extract the document and add it."),
    (b"L\0\0\0\x01\x14\x02\0" + bytes(30), "a.lnk", {}, "This file is a shortcut to another file. Add the file itself."),
    (b"{\\rtf1 {a}", "a.rtf", {}, ""),
    (b"{\\rtf1 {a", "a.rtf", {}, "This file is an RTF document, but incomplete. Download or save it again."),
    (b"", "a.pdf", {}, "The file is empty. Add it again when it is complete."),
]  # fmt: skip


@pytest.mark.parametrize(("data", "name", "settings", "why"), ADVICE)
def test_each_kind_that_is_refused_has_its_next_step(tmp_path, data, name, settings, why):
    (tmp_path / name).write_bytes(data)
    decision = decided(str(tmp_path), name, **settings)
    if why:
        assert (decision.state, str(decision.why)) == (State.REFUSED, why)
    else:
        assert decision.reference
