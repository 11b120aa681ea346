"""``forget``: nothing of a person is left in anything the program wrote, running or not."""

import json
import os
import shutil
import sqlite3

import pytest

from tests.support.mails import mail, pdf, save
from tests.support.samples import make_pdf
from watcher import sandbox as sb

CANARY = "Zoraida Quimby"


def everything_written(desk):
    """All bytes of the program's own files, by name."""
    state = desk.root / "state"
    return {str(path): path.read_bytes() for path in sorted(state.rglob("*")) if path.is_file()}


def holders(desk):
    needle = CANARY.encode()
    return [name for name, content in everything_written(desk).items() if needle in content]


@pytest.fixture
def sent(desk):
    """A CV of the canary's, sent with all that can be logged about it."""
    desk.configure(source=sb.EXPRESS.key, more="sync_parsing = true")
    text = desk.config.read_text()
    desk.config.write_text('log_level = "debug"\n' + text)
    path = desk.folder / f"{CANARY}.pdf"
    make_pdf(str(path), CANARY)
    return path


@pytest.mark.parametrize("running", [True, False], ids=["running", "not running"])
def test_a_person_is_forgotten_everywhere(desk, sent, running):
    program = desk.start("run")
    program.wait_for(f"✓ {CANARY}")
    if not running:
        program.end()
    assert holders(desk)
    refused = desk.run("forget", str(sent), "--yes")
    assert refused.returncode == 5
    assert sent.name in refused.stderr
    sent.unlink()
    asked = desk.run("forget", str(sent))
    assert (asked.returncode, "Add --yes" in asked.stderr) == (2, True)  # nobody to ask
    done = desk.run("forget", str(sent), "--yes")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "1 file forgotten.")
    assert not holders(desk)
    assert desk.read_json("history") == []


def test_what_is_inside_an_email_is_forgotten_once_the_email_is_gone(desk):
    program = desk.start("run")
    path = save(desk.folder, "mail.eml", mail((f"{CANARY}.pdf", pdf("cv"))))
    program.wait_for(f"✓ {CANARY}")
    inside = os.path.join(path, f"{CANARY}.pdf")
    refused = desk.run("forget", inside, "--yes")
    assert refused.returncode == 5
    assert f"still there: {path}." in refused.stderr
    os.unlink(path)
    assert desk.run("forget", inside, "--yes").returncode == 0
    assert not holders(desk)


def test_a_document_that_is_a_folder_is_forgotten_by_its_own_name(desk, eventually):
    desk.configure()
    text = desk.config.read_text()
    desk.config.write_text('log_level = "debug"\n' + text)
    bundle = desk.folder / f"{CANARY}.pages"
    bundle.mkdir()
    for name in ("Index.zip", "preview.jpg"):
        (bundle / name).write_bytes(b"x" * 100)
    program = desk.start("run")
    eventually(lambda: desk.states() == ["ignored", "refused"])
    program.end()
    assert len(holders(desk)) > 1  # the journal and the log
    shutil.rmtree(bundle)
    done = desk.run("forget", str(bundle), "--yes")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "2 files forgotten.")
    assert not holders(desk)


def test_copies_are_forgotten_with_what_they_are_copies_of(desk, sent, eventually):
    copy = desk.folder / f"{CANARY} copy.pdf"
    desk.start("run").wait_for(f"✓ {CANARY}")
    shutil.copy(sent, copy)
    eventually(lambda: "duplicate" in desk.states())
    copy.unlink()
    eventually(lambda: "gone" in desk.states())
    (gone,) = desk.read_json("history", "--only", "gone")
    assert f"uploaded as {sent.name}" in gone["why"]
    sent.unlink()
    person = desk.read_json("history", "--only", "parsed")[0]["profile_name"]
    done = desk.run("forget", "--person", person, "--yes")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "2 files forgotten.")
    assert not holders(desk)
    assert desk.read_json("history") == []


def test_a_copy_that_is_still_there_is_named(desk, sent):
    copy = desk.folder / f"{CANARY} copy.pdf"
    shutil.copy(sent, copy)
    # Apart, as only then the log has nothing of the sandbox.
    assert desk.run_apart("import", str(desk.folder)).returncode == 0
    (duplicate,) = desk.read_json("history", "--only", "duplicate")
    there = desk.folder / os.path.basename(duplicate["path"])
    (copy if there == sent else sent).unlink()
    first = desk.run("forget", str(desk.folder), "--yes")
    assert (first.returncode, first.stdout.splitlines()[-1]) == (5, "1 file forgotten.")
    assert str(there) in first.stderr
    there.unlink()
    assert desk.run("forget", str(there), "--yes").returncode == 0
    assert not holders(desk)


def test_a_part_of_a_name_asks_first(desk, sent):
    assert desk.run("import", str(desk.folder)).returncode == 0
    sent.unlink()
    (entry,) = desk.read_json("history")
    part = entry["profile_name"][:-2].upper()
    refused = desk.run("forget", "--person", part, "--yes")
    assert refused.returncode == 2
    assert sent.name in refused.stdout  # it is shown who was found
    assert len(desk.read_json("history")) == 1
    terminal = desk.terminal("forget", "--person", part)
    terminal.answer("Forget 1 file?", "y")
    assert terminal.end() == 0
    terminal.close()
    assert desk.read_json("history") == []


def test_its_content_is_not_sent_again(desk, sent):
    assert desk.run("import", str(desk.folder)).returncode == 0
    content = sent.read_bytes()
    sent.unlink()
    assert desk.run("forget", str(sent), "--yes").returncode == 0
    (desk.folder / "again.pdf").write_bytes(content)
    assert desk.run("import", str(desk.folder)).returncode == 0
    assert len(desk.sandbox.ledger.records()) == 1


def test_nothing_named_and_nothing_found_are_said(desk):
    assert desk.run("forget").returncode == 2
    done = desk.run("forget", "--person", "Nobody", "--yes")
    assert (done.returncode, done.stdout) == (0, "No matching files.\n")
    assert not os.path.exists(desk.root / "state" / "journal.db")


def test_answers_as_json_need_a_yes_too(desk, sent):
    assert desk.run("import", str(desk.folder)).returncode == 0
    sent.unlink()
    refused = desk.run("forget", str(sent), "--json")
    assert (refused.returncode, "Add --yes" in refused.stderr) == (2, True)
    assert len(desk.read_json("history")) == 1
    done = desk.run("forget", str(sent), "--json", "--yes")
    assert json.loads(done.stdout) == {"forgotten": 1, "kept": 0, "is_overwritten": True}
    assert desk.read_json("history") == []


@pytest.mark.parametrize("running", [True, False], ids=["running", "not running"])
def test_it_is_said_where_remains_are_left(desk, sent, running):
    program = desk.start("run")
    program.wait_for(f"✓ {CANARY}")
    if not running:
        program.end()
    sent.unlink()
    other = sqlite3.connect(desk.root / "state" / "journal.db", isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM files").fetchone()
    done = desk.run("forget", str(sent), "--yes")
    other.close()
    assert (done.returncode, done.stdout.splitlines()[-1]) == (5, "1 file forgotten.")
    assert "could not be overwritten" in done.stderr
    assert desk.read_json("history") == []
