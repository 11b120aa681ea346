"""``forget``: nothing of a person is left in anything the program wrote, running or not."""

import json
import os
import shutil
import sqlite3

import pytest

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
    assert "still in a folder" in refused.stderr
    sent.unlink()
    asked = desk.run("forget", str(sent))
    assert (asked.returncode, "Add --yes" in asked.stderr) == (2, True)  # nobody to ask
    done = desk.run("forget", str(sent), "--yes")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "1 file forgotten.")
    assert not holders(desk)
    assert desk.read_json("history") == []


def test_a_document_that_is_a_folder_is_forgotten_by_its_own_name(desk):
    desk.configure()
    text = desk.config.read_text()
    desk.config.write_text('log_level = "debug"\n' + text)
    bundle = desk.folder / f"{CANARY}.pages"
    bundle.mkdir()
    for name in ("Index.zip", "preview.jpg"):
        (bundle / name).write_bytes(b"x" * 100)
    program = desk.start("run")
    program.wait_for(f"is part of {CANARY}.pages")
    program.wait_for(f"✗ {CANARY}.pages")
    program.end()
    assert len(holders(desk)) > 1  # the journal and the log
    shutil.rmtree(bundle)
    done = desk.run("forget", str(bundle), "--yes")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "2 files forgotten.")
    assert not holders(desk)


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
    assert (done.returncode, done.stdout) == (
        0, "No matching files.\n0 files forgotten.\n"
    )  # fmt: skip
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
