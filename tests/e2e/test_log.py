"""What support sees of a run: what went how, and nobody's name."""

import logging
import re
import time

import pytest

from tests.support.samples import make_pdf
from watcher import sandbox as sb
from watcher.daemon.event_log import EventLog
from watcher.i18n.message import verbatim
from watcher.model.entries import Entry, Stat
from watcher.model.kinds import State
from watcher.model.snapshot import UNTIL_RESUMED
from watcher.model.uploads import Job
from watcher.pipeline.messages import Pause, Reachability, Resume, Uploaded

PERSON = "Zoraida Quimby"


def log_of(desk):
    return (desk.root / "state" / "hrflow-watcher.log").read_text(encoding="utf-8")


def test_the_log_tells_what_went_how_and_names_nobody(desk, eventually):
    running = desk.start("run")
    running.wait_for("Watching")
    eventually(lambda: "scanned (start)" in log_of(desk))  # before there is a file
    answer = sb.Fault(kind=sb.Kind.STATUS, status=429, message=f"cannot take {PERSON}", times=1)
    stored = sb.Fault(
        kind=sb.Kind.STATUS, status=500, message=f"lost {PERSON}", stored=True, times=1
    )
    desk.sandbox.faults.set(answer, stored)
    make_pdf(str(desk.folder / f"{PERSON}.pdf"), "one")
    running.wait_for("Waiting")
    running.wait_for("Checking")
    running.wait_for("✓")
    (desk.folder / f"{PERSON}.exe").write_bytes(b"MZ\0\0" * 40)
    running.wait_for("✗")
    desk.sandbox.faults.set(sb.Fault(kind=sb.Kind.STATUS, status=401, message=PERSON))
    make_pdf(str(desk.folder / f"{PERSON} 2.pdf"), "two")
    running.wait_for("On hold")
    desk.sandbox.faults.clear()
    desk.configure(more="recursive = false")
    running.wait_for("Configuration reloaded")
    running.wait_for("✓")
    assert running.end() == 0
    log = log_of(desk)
    for expected in (
        r"hrflow-watcher \S+ starts with 1 folders, 1 accounts",
        r"folder 1 is watched",
        r"folder 1 was scanned \(start\): [01] files, [01] new",
        (
            r"upload of file 1: waiting after \d+\.\d\d s \([\d.]+\u00a0k?B, application/pdf, source \w{12}…,"
            r" attempt 1\): HrFlow answered 429$"
        ),
        r"upload of file 1: uncertain after .* attempt 2\): HrFlow answered 500$",
        r"file 2 was not sent: refused, 160\u00a0B, application/x-executable",
        r"upload of file 3: held .*: HrFlow rejected the API key or email \(401\)$",
        r"uploads to source \w{12}… are held: ",
        r"configuration reloaded",
        r"uploads to source \w{12}… are no longer held",
        r"hrflow-watcher is stopping",
    ):
        assert re.search(expected, log, re.MULTILINE), (expected, log)
    assert "Zoraida" not in log
    assert str(desk.folder) not in log


def test_at_debug_the_log_is_about_this_program(desk):
    desk.config.write_text('log_level = "debug"\n' + desk.config.read_text(encoding="utf-8"))
    make_pdf(str(desk.folder / "a.pdf"), "a")
    assert desk.run("import", str(desk.folder)).returncode == 0
    lines = [line for line in log_of(desk).splitlines() if re.match(r"\d{4}-", line)]
    assert any("DEBUG watcher." in line for line in lines)
    assert [line for line in lines if " watcher." not in line] == []


@pytest.fixture
def told(caplog):
    """What is logged of events, above debug."""
    caplog.set_level(logging.INFO, "watcher")
    event_log = EventLog()

    def tell(*news):
        caplog.clear()
        for each in news:
            (event_log.on_command if isinstance(each, Pause | Resume) else event_log.on_event)(each)
        return caplog.messages

    return tell


def test_pauses_and_the_connection_are_told(told):
    noon = time.mktime((2026, 11, 23, 12, 0, 0, 0, 0, -1))
    assert told(Pause(noon), Pause(UNTIL_RESUMED), Pause(0), Resume()) == [
        "uploads are paused until 2026-11-23 12:00:00",
        "uploads are paused until they are resumed",
        "uploads are resumed",
        "everything that is waiting is tried again now",
    ]
    assert told(Reachability(3.0), Reachability(0.0)) == [
        "HrFlow cannot be reached",
        "HrFlow can be reached again",
    ]


def test_what_went_well_has_a_line_at_debug_only(told, caplog):
    entry = Entry(1, "/f", "/f/Anna.pdf", State.ACCEPTED, why=verbatim("Anna"))
    job = Job(1, "/f", "/f/Anna.pdf", Stat(0, 0), "", "", "Anna.pdf", "default", "", "")
    went_well = Uploaded(job, State.ACCEPTED, verbatim("Anna"), 0.5)
    assert told(entry, went_well) == []
    caplog.set_level(logging.DEBUG, "watcher")
    assert told(went_well) == [
        "upload of file 1: accepted after 0.50 s (0\u00a0B, of an unknown type, source , attempt 1)"
    ]
