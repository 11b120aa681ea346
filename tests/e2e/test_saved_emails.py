"""Saved emails: each document attached is one of its own, exactly once."""

import hashlib
import json
import math
import os
from contextlib import closing

import pytest

from tests.support.documents import zipped
from tests.support.mails import mail, pdf, save
from tests.support.pictures import tiff
from tests.support.samples import make_pdf
from watcher import sandbox as sb
from watcher.daemon.dry_run import OPENED, check_file
from watcher.daemon.plans import make_plans
from watcher.journal.reader import Reader
from watcher.model.settings import AfterUpload, Archives, Duplicates, Item, MailSetting, Rule
from watcher.pipeline.messages import Ignore, Resume


def shown(world):
    """What became of everything, by its path below the folder."""
    return {
        os.path.relpath(entry.path, os.path.realpath(entry.folder)): str(entry.state)
        for entry in world.entries()
    }


def in_state(world, state):
    return sum(str(entry.state) == state for entry in world.entries())


def sent(world):
    return sorted(record.file_name for record in world.arrived())


def settled(world, files):
    world.wait_idle(files)
    world.stop()


def test_what_is_attached_is_sent_and_the_mail_tells_what_became_of_it(world):
    folder = world.folder(
        tags=(Item(name="subject", value="{mail_subject}"), Item(name="from", value="{mail_from}")),
        metadatas=(Item(name="mailed", value="{mail_date}"),),
    )
    world.start(folder)
    make_pdf(os.path.join(folder.path, "own.pdf"), "own")
    save(folder.path, "mail.eml", mail(("CV.pdf", pdf("cv")), ("CV.pdf", pdf("letter"))))
    settled(world, 4)
    assert shown(world).keys() == {"own.pdf", "mail.eml", "mail.eml/CV.pdf", "mail.eml/CV (2).pdf"}
    assert sent(world) == ["CV (2).pdf", "CV.pdf", "own.pdf"]
    fields = {record.file_name: dict(record.fields) for record in world.arrived()}
    assert json.loads(fields["CV.pdf"]["tags"]) == [
        {"name": "subject", "value": "Application as nurse"},
        {"name": "from", "value": "ines@example.org"},
    ]
    assert json.loads(fields["CV.pdf"]["metadatas"]) == [{"name": "mailed", "value": "2025-02-03"}]
    assert "tags" not in fields["own.pdf"]  # which has none to tell
    with closing(Reader(world.places.journal)) as reader:
        assert sum(each.is_opened for each in reader.timings(0.0, math.inf)) == 1
    root = os.path.realpath(folder.path)
    with closing(Reader(world.places.journal)) as reader:
        container = reader.at(root, f"{root}/mail.eml")
        inside = reader.parts(container)
    assert [os.path.basename(part.path) for part in inside] == ["CV.pdf", "CV (2).pdf"]
    assert container.why.args["count"] == 2
    assert os.listdir(world.places.spool) == []


def test_a_document_is_routed_as_if_it_were_beside_its_mail(world):
    rule = Rule(match="{job}/*.pdf", tags=(Item(name="job", value="{job}"),))
    folder = world.folder(rules=(rule,))
    os.mkdir(os.path.join(folder.path, "dev-42"))
    world.start(folder)
    save(f"{folder.path}/dev-42", "mail.eml", mail(("CV.pdf", pdf("cv"))))
    settled(world, 2)
    (record,) = world.arrived()
    assert json.loads(dict(record.fields)["tags"]) == [{"name": "job", "value": "dev-42"}]


def test_a_document_that_came_before_is_a_duplicate(world):
    folder = world.folder()
    world.start(folder)
    with open(os.path.join(folder.path, "first.pdf"), "wb") as file:
        file.write(pdf("cv"))
    world.wait_idle(1)
    save(folder.path, "mail.eml", mail(("CV.pdf", pdf("cv"))))
    settled(world, 3)
    assert shown(world)["mail.eml/CV.pdf"] == "duplicate"
    assert sent(world) == ["first.pdf"]


def test_the_same_document_twice_in_a_mail_is_sent_twice_if_duplicates_are(world):
    folder = world.folder(duplicates=Duplicates.UPLOAD)
    world.start(folder)
    save(folder.path, "mail.eml", mail(("a.pdf", pdf("cv")), ("b.pdf", pdf("cv"))))
    settled(world, 3)
    assert sent(world) == ["a.pdf", "b.pdf"]


def test_a_mail_without_a_document_is_refused_with_advice(world):
    folder = world.folder()
    world.start(folder)
    save(folder.path, "mail.eml", mail(text="I am a nurse with ten years of experience."))
    settled(world, 1)
    (entry,) = world.entries()
    assert str(entry.state) == "refused"
    assert "contains no document. Save its text as PDF." in str(entry.why)


def test_programs_and_the_like_in_a_mail_are_left_out_with_a_reason(world):
    folder = world.folder()
    world.start(folder)
    others = ("setup.exe", b"MZ" + bytes(20_000)), ("song.mp3", b"ID3\x03" + bytes(30))
    save(folder.path, "both.eml", mail(("CV.exe", pdf("cv", 20_000)), *others))
    save(folder.path, "none.eml", mail(*others))
    settled(world, 3)
    assert shown(world).keys() == {"both.eml", "both.eml/CV.exe", "none.eml"}
    assert sent(world) == ["CV.pdf"]
    assert shown(world)["none.eml"] == "refused"
    mails = [entry for entry in world.entries() if entry.path.endswith(".eml")]
    assert all("setup.exe (" in str(entry.why) for entry in mails)


def test_what_a_mail_says_counts_the_documents_that_are_uploaded(world):
    folder = world.folder()
    world.start(folder)
    winmail, lock = ("winmail.dat", b"\x78\x9f\x3e\x22" + bytes(30)), ("~$CV.docx", b"x" * 162)
    save(folder.path, "some.eml", mail(("CV.pdf", pdf("cv")), winmail, lock))
    save(folder.path, "none.eml", mail(winmail))
    settled(world, 5)
    assert sent(world) == ["CV.pdf"]
    assert in_state(world, "refused") == 2
    assert "some.eml/~$CV.docx" not in shown(world)
    whys = {os.path.basename(entry.path): entry.why for entry in world.entries()}
    assert whys["some.eml"].args["count"] == 1
    for name in ("winmail.dat (", "~$CV.docx ("):
        assert name in str(whys["some.eml"])
    assert "count" not in whys["none.eml"].args


def test_a_kind_that_the_folder_accepts_is_not_left_out(world):
    folder = world.folder(accept=("audio/mpeg",))
    world.start(folder)
    save(folder.path, "mail.eml", mail(("song.mp3", b"ID3\x03" + bytes(30))))
    world.wait_idle(2)
    world.stop()
    assert "mail.eml/song.mp3" in shown(world)


def test_an_archive_that_is_cut_off_is_incomplete_where_archives_are_opened(world):
    folder = world.folder(archives=Archives.OPEN)
    world.start(folder)
    save(folder.path, "cvs.zip", zipped(("a.pdf", pdf("a")), ("b.pdf", pdf("b")))[:-60])
    settled(world, 1)
    (entry,) = world.entries()
    assert "incomplete" in str(entry.why)


@pytest.mark.parametrize("how", [MailSetting.REFUSE, MailSetting.SEND])
def test_a_folder_may_refuse_mails_or_send_them_as_they_are(world, how):
    folder = world.folder(mail=how, accept=("application/pdf", "message/rfc822"))
    world.start(folder)
    save(folder.path, "mail.eml", mail(("CV.pdf", pdf("cv"))))
    settled(world, 1)
    assert shown(world).keys() == {"mail.eml"}
    assert sent(world) == (["mail.eml"] if how is MailSetting.SEND else [])


def test_a_mail_is_moved_once_all_that_is_inside_was_sent(world, eventually):
    folder = world.folder(after_upload=AfterUpload.MOVE)
    world.start(folder)
    save(folder.path, "mail.eml", mail(("a.pdf", pdf("a")), ("b.pdf", pdf("b"))))
    eventually(lambda: not os.path.exists(f"{folder.path}/mail.eml"))
    world.wait_idle(3)
    world.stop()
    moved = {os.path.basename(entry.path): entry.filed_to for entry in world.entries()}
    assert os.path.isfile(moved["mail.eml"])
    assert moved["a.pdf"] == os.path.join(moved["mail.eml"], "a.pdf")
    assert sent(world) == ["a.pdf", "b.pdf"]
    world.start(folder)
    world.nudge()
    assert len(world.arrived()) == 2


def test_a_mail_stays_for_what_was_refused_until_that_is_ignored(world, eventually):
    folder = world.folder(after_upload=AfterUpload.MOVE)
    world.start(folder)
    save(folder.path, "mail.eml", mail(("a.pdf", pdf("a")), ("notes.txt", b"notes")))
    world.wait_idle(3)
    assert os.path.exists(f"{folder.path}/mail.eml")
    assert shown(world)["mail.eml/notes.txt"] == "refused"
    (notes,) = (entry.file_id for entry in world.entries() if entry.path.endswith("notes.txt"))
    world.app.post(Ignore((notes,)))
    eventually(lambda: not os.path.exists(f"{folder.path}/mail.eml"))
    world.stop()


def test_what_was_not_sent_goes_with_its_mail_and_comes_back_with_it(world, eventually):
    folder = world.folder()
    world.keys.key = "wrong"
    world.start(folder)
    path = save(folder.path, "mail.eml", mail(("a.pdf", pdf("a")), ("b.pdf", pdf("b"))))
    eventually(lambda: in_state(world, "held") == 2)
    os.rename(path, f"{world.root}/mail.eml")
    eventually(lambda: in_state(world, "gone") == 2)
    os.rename(f"{world.root}/mail.eml", path)
    eventually(lambda: in_state(world, "held") == 2)
    world.stop()


def test_a_mail_that_changes_is_opened_again_and_nothing_goes_twice(world, eventually):
    folder = world.folder()
    world.start(folder)
    save(folder.path, "mail.eml", mail(("a.pdf", pdf("a")), ("b.pdf", pdf("b"))))
    world.wait_idle(3)
    save(folder.path, "mail.eml", mail(("a.pdf", pdf("a")), ("c.pdf", pdf("c"))))
    eventually(lambda: "mail.eml/c.pdf" in shown(world))
    eventually(lambda: len(world.arrived()) == 3)
    world.stop()
    assert sent(world) == ["a.pdf", "b.pdf", "c.pdf"]
    assert not world.read_configured(f"{folder.path}/mail.eml/b.pdf")


def test_scans_leave_what_is_inside_alone(world):
    folder = world.folder()
    save(folder.path, "mail.eml", mail(("a.pdf", pdf("a"))))
    world.start(folder)
    world.wait_idle(2)
    world.stop()
    before = shown(world)
    world.start(folder)
    world.app.rescan()
    world.nudge()
    world.stop()
    assert shown(world) == before
    assert len(world.arrived()) == 1


def test_check_says_the_same(world):
    folder = world.folder()
    path = save(folder.path, "mail.eml", mail(("CV.pdf", pdf("cv")), ("notes.txt", b"notes")))
    plans = make_plans(world.config(folder))
    verdict = check_file(path, plans, world.places)
    assert verdict.display is OPENED
    for part in verdict.parts:  # by the path that the history and the page show
        alone = check_file(part.file, plans, world.places)
        assert (alone.display, alone.why, alone.route) == (part.display, part.why, part.route)
    gone = check_file(os.path.join(path, "gone.pdf"), plans, world.places)
    assert not gone.is_sent
    said = {os.path.basename(part.file): part for part in verdict.parts}
    assert said["CV.pdf"].is_sent
    world.start(folder)
    settled(world, 3)
    entries = {os.path.basename(entry.path): entry for entry in world.entries()}
    assert entries["mail.eml"].why == verdict.why
    assert entries["notes.txt"].why == said["notes.txt"].why
    assert entries["CV.pdf"].reference == said["CV.pdf"].route.reference


def test_archives_are_opened_where_a_folder_says_so(world, eventually):
    closed, opened = world.folder("closed"), world.folder("opened", archives=Archives.OPEN)
    nested = zipped(("c.pdf", pdf("c")))
    content = zipped(("a.pdf", pdf("a")), ("cvs/b.pdf", pdf("b")), ("nested.zip", nested))
    world.start(closed, opened)
    for folder in (closed, opened):
        save(folder.path, "cvs.zip", content)
    settled(world, 5)
    assert sent(world) == ["a.pdf", "b.pdf"]
    refused = [entry for entry in world.entries() if str(entry.state) == "refused"]
    assert sorted(os.path.basename(entry.path) for entry in refused) == ["cvs.zip", "nested.zip"]


def test_scans_are_sent_as_pdf_and_known_by_what_they_are(world):
    plain, raw = world.folder("plain"), world.folder("raw", convert_images=False)
    world.start(plain, raw)
    scan = tiff("scan", pages=2)
    save(plain.path, "scan.tif", scan)
    save(plain.path, "copy.tiff", scan)
    save(plain.path, "mail.eml", mail(("photo.tif", tiff("photo"))))
    save(raw.path, "other.tif", tiff("other"))
    settled(world, 5)
    entries = {os.path.basename(entry.path): entry for entry in world.entries()}
    assert hashlib.sha256(scan).hexdigest() in {record.reference for record in world.arrived()}
    assert entries["scan.tif"].media_type == "image/tiff"
    assert "duplicate" in {str(entries[name].state) for name in ("scan.tif", "copy.tiff")}
    assert str(entries["other.tif"].state) == "refused"
    names = sent(world)
    assert names in (["photo.pdf", "scan.pdf"], ["copy.pdf", "photo.pdf"])
    for record in world.arrived():
        assert (
            record.content_type == dict(record.fields)["profile_content_type"] == "application/pdf"
        )
        assert record.sha256 != record.reference


def test_a_scan_waits_and_is_converted_when_it_can_go(world, eventually):
    folder = world.folder()
    world.keys.key = "wrong"
    world.start(folder)
    path = save(folder.path, "scan.tif", tiff("scan"))
    eventually(lambda: shown(world).get("scan.tif") == "held")
    plans = make_plans(world.config(folder))
    assert check_file(path, plans, world.places).document.file_name == "scan.pdf"
    world.keys.key = sb.READ_WRITE_KEY
    world.app.post(Resume())
    world.wait_for(lambda: len(world.arrived()) == 1)
    world.stop()
    assert sent(world) == ["scan.pdf"]


def test_status_tells_mails_that_were_opened_from_files_that_are_ignored(desk):
    save(desk.folder, "mail.eml", mail(("CV.pdf", pdf("cv"))))
    save(desk.folder, "text.eml", mail(("winmail.dat", b"\x78\x9f\x3e\x22" + bytes(30))))
    assert desk.run("import", str(desk.folder)).returncode == 5
    (status,) = desk.read_json("status")
    assert (status["opened"], status["counts"]["ignored"]) == (2, 2)
    said = desk.run("status").stdout
    assert "ignored" not in said.lower()


def test_an_import_tells_them_apart_too(desk):
    save(desk.folder, "mail.eml", mail(("CV.pdf", pdf("cv"))))
    done = desk.run("import", str(desk.folder))
    assert done.returncode == 0
    assert "2 files found: 1 uploaded, 1 " in done.stdout
    assert "ignored" not in done.stdout
