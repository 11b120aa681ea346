"""What commands tell of results: report, history as CSV, the webhook's secret."""

import csv
import io
import json
import os
import shutil
import socket
import time
from datetime import datetime

import pytest

from tests.support import file_keyring
from tests.support.samples import PDF
from watcher import sandbox as sb
from watcher.i18n.message import verbatim
from watcher.journal.writer import Journal
from watcher.model.kinds import State
from watcher.model.lifecycle import Step


@pytest.fixture
def sent(desk):
    """Aisha Rahman's CV, parsed while the upload waited; a refused file beside it."""
    desk.configure(source=sb.EXPRESS.key, more="sync_parsing = true")
    shutil.copy(PDF, desk.folder / "=HYPERLINK(1).pdf")
    program = desk.start("run")
    program.wait_for("Aisha Rahman")
    (desk.folder / "bad.pdf").write_bytes(b"MZ\x90\x00" + b"\x00" * 300)
    program.wait_for("✗ bad.pdf")
    program.end()
    return desk


def test_history_carries_key_and_name_and_time(sent):
    rows = sent.read_json("history")
    parsed = next(row for row in rows if row["state"] == "parsed")
    assert parsed["profile_name"] == "Aisha Rahman"
    assert len(parsed["profile_key"]) == 40
    assert parsed["parsed_at"] and parsed["upload_seconds"] is not None
    assert parsed["parse_seconds"] is None  # parsed while the upload waited


def test_history_as_csv_is_read_by_a_table_program(sent):
    done = sent.run("history", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    parsed = next(row for row in rows if row["state"] == "parsed")
    assert parsed["profile_name"] == "Aisha Rahman"
    assert parsed["profile_key"]
    assert datetime.fromisoformat(parsed["parsed_at"]) <= datetime.now()  # noqa: DTZ005 - local
    assert "=HYPERLINK(1).pdf" in parsed["path"]
    assert not any(value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values())
    assert sent.run("history", "--csv", "--json").returncode == 2


@pytest.mark.parametrize("span", ["day", "week", "month"])
def test_a_report_as_json(sent, span):
    (report,) = sent.read_json("report", span)
    assert report["total"]["files"] == 2
    assert report["total"]["states"] == {"parsed": 1, "refused": 1}
    assert report["total"]["median_upload_seconds"] is not None
    assert sum(slot.get("parsed", 0) for slot in report["slots"]) == 1


def test_a_report_for_people_and_as_a_page(sent):
    lines = sent.run("report").stdout.splitlines()
    assert "2 files" in lines[0]
    assert any(line.startswith(str(sent.folder)) for line in lines)
    page = sent.root / "report.html"
    done = sent.run("report", "--html", str(page))
    assert (done.returncode, "report.html" in done.stdout) == (0, True)
    text = page.read_text(encoding="utf-8")
    assert "<svg" in text
    assert "Aisha" not in text  # it is about numbers
    assert os.stat(page).st_mode & 0o777 == 0o600


def test_a_report_into_a_watched_folder_would_be_uploaded(sent):
    done = sent.run("report", "--html", str(sent.folder / "report.html"))
    assert done.returncode == 2
    assert "watched folder" in done.stderr
    assert not (sent.folder / "report.html").exists()


def test_a_report_of_another_time(desk):
    done = desk.run("report", "day", "--on", "2026-01-31")
    assert (done.returncode, done.stdout) == (0, "CVs added: January 31, 2026 (0 files)\n")
    done = desk.run("report", "--on", "31.1.2026")
    assert done.returncode == 2
    assert "not a valid date" in done.stderr


def test_a_report_of_a_large_journal_is_quick(desk):
    """Old files are left out by an index, whatever their number."""
    state = desk.root / "state"
    state.mkdir(mode=0o700)
    journal = Journal(str(state / "journal.db"))
    plan = " ".join(
        row[3]
        for row in journal.store.all(
            "EXPLAIN QUERY PLAN SELECT f.id FROM files f WHERE f.changed_at >= 5 AND "
            "f.noticed_at >= 5 AND f.noticed_at < 9"
        )
    )
    journal.close()
    assert "files_changed" in plan


def test_what_cannot_be_parsed_needs_attention(desk):
    shutil.copy(PDF, desk.folder)
    program = desk.start("run")
    program.wait_for("✓ Aisha Rahman - CV.pdf")
    program.end()
    journal = Journal(str(desk.root / "state" / "journal.db"))
    (file_id,) = journal.store.read("SELECT id FROM files WHERE state IN ('accepted', 'parsed')")
    if journal.files.state(file_id) is State.ACCEPTED:
        journal.files.step(
            file_id,
            Step(State.PARSE_FAILED, verbatim("HrFlow could not parse this file")),
            time.time(),
        )
    journal.commit()
    journal.close()
    (status,) = desk.read_json("status")
    assert [entry["why"] for entry in status["attention"]] == ["HrFlow could not parse this file"]


# -- the webhook's secret


@pytest.fixture
def box(desk):
    """A keyring of the test's own."""
    return file_keyring.environ(desk.root / "box.json")


def give(desk, secret, *more, **environ):
    return desk.run("login", "--webhook", "--key-stdin", *more, typed=secret, **environ)


def test_the_webhooks_secret_has_an_entry_of_its_own_and_is_used(desk, box, eventually):
    done = give(desk, "a long secret\n", **box)
    assert done.returncode == 0, done.stderr
    assert "a long secret" not in done.stdout + done.stderr
    entries = json.loads((desk.root / "box.json").read_text())
    assert entries == {"hrflow-watcher/:webhook": "a long secret"}
    assert send_one(desk, "a long secret", **box) == 200
    assert send_one(desk, "another secret", **box) == 401


def send_one(desk, secret, **environ):
    """What the running program answers to an event signed with ``secret``."""
    program, port = receive(desk, **environ)
    desk.sandbox.webhooks.url = f"http://127.0.0.1:{port}/webhook"
    status = desk.sandbox.webhooks.send({"type": "profile.parsing.success"}, secret=secret)
    program.end()
    assert secret not in "\n".join(program.lines)
    return status


def receive(desk, **environ):
    """The program, receiving webhooks at a port that is free; another one may be quicker."""
    for _ in range(5):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        more = f"webhook_parsing_sending = true\n[webhook]\nenabled = true\nport = {port}"
        desk.configure(more=more)
        program = desk.start("run", **environ)
        if "No webhooks" not in program.wait_for("webhooks are received"):
            return program, port
        program.end()
    raise AssertionError(program.lines)


def test_a_machine_without_a_keyring_has_it_in_the_environment(desk):
    assert (
        send_one(
            desk, "secret of the environment", HRFLOW_WEBHOOK_SECRET="secret of the environment"
        )
        == 200
    )


@pytest.mark.parametrize("secret", ["", "short", "two\nlines of it"])
def test_what_can_be_no_secret_is_not_stored(desk, box, secret):
    done = give(desk, secret, **box)
    assert done.returncode == 4
    assert not (desk.root / "box.json").exists()


def test_without_a_secret_it_is_said_and_all_else_goes_on(desk):
    desk.configure(more="webhook_parsing_sending = true\n[webhook]\nenabled = true")
    shutil.copy(PDF, desk.folder)
    program = desk.start("run")
    program.wait_for("login --webhook")
    program.wait_for("✓ Aisha Rahman - CV.pdf")
    assert program.end() == 0
