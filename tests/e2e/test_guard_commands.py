"""What waits for a person's yes, at the terminal: status, approve, import, report, check, doctor."""

import os

import pytest

from tests.support.documents import zipped
from tests.support.mails import pdf
from tests.support.samples import make_pdf
from watcher.model.holds import burst_key


def drop(desk, first, last):
    for number in range(first, last + 1):
        make_pdf(desk.folder / f"{number:02}.pdf", str(number))


def held(desk):
    (status,) = desk.read_json("status")
    return {hold["cause"]: hold["files"] for hold in status["held"]}


@pytest.fixture
def asked(desk, eventually):
    """Five files that wait, and the program that is running."""
    desk.configure("ask_above = 3")
    running = desk.start("run")
    running.wait_for("Watching")
    eventually(desk.has_scanned)
    drop(desk, 1, 3)
    eventually(lambda: len(desk.arrived()) == 3)
    drop(desk, 4, 8)
    running.wait_for("within an hour")
    eventually(lambda: desk.states().count("held") == 5)
    return running


def test_status_says_how_many_files_wait_and_what_to_do(desk, asked):
    size = sum(os.path.getsize(desk.folder / f"{number:02}.pdf") for number in range(4, 9))
    said = desk.call("status").stdout
    assert f"5 files ({size}\u00a0B) on hold: More than 3 files were added" in said
    assert f"hrflow-watcher approve {desk.folder}" in said
    (hold,) = desk.read_json("status")[0]["held"]
    assert (hold["cause"], hold["files"], hold["size"]) == (burst_key(str(desk.folder)), 5, size)
    (verdict,) = desk.read_json("check", str(desk.folder / "05.pdf"))
    assert (verdict["verdict"], verdict["why"]) == (
        "On hold", "Many files were added at once; this one is waiting for your approval.",
    )  # fmt: skip


def test_a_yes_uploads_what_waits_and_what_follows(desk, asked, eventually):
    done = desk.call("approve", str(desk.folder))
    assert done.returncode == 0
    assert done.stdout.startswith("5 files will be uploaded.")
    eventually(lambda: len(desk.arrived()) == 8)
    drop(desk, 9, 14)
    eventually(lambda: len(desk.arrived()) == 14)
    again = desk.call("approve", str(desk.folder))
    assert again.returncode == 5


def test_skipped_files_are_left_out(desk, asked, eventually):
    (done,) = desk.read_json("approve", "--all", "--skip")
    assert done["files"] == 5
    eventually(lambda: desk.states().count("ignored") == 5)
    assert held(desk) == {}
    assert len(desk.arrived()) == 3


def test_the_answer_may_come_while_nothing_runs(desk, asked, eventually):
    asked.end()
    assert desk.call("approve", "--all").returncode == 0
    desk.start("run").wait_for("Watching")
    eventually(lambda: len(desk.arrived()) == 8)


@pytest.mark.parametrize("arguments", [(), ("--all", "cvs")])
def test_an_answer_names_what_it_is_about(desk, arguments):
    assert desk.call("approve", *arguments).returncode == 2


def test_an_import_asks_at_a_terminal_before_it_uploads_many_files(desk):
    desk.configure("ask_above = 3")
    drop(desk, 1, 5)
    terminal = desk.terminal("import", str(desk.folder))
    terminal.wait_for("5 files (")
    terminal.wait_for("Upload them? [y/N]")
    terminal.type("n\r")
    assert terminal.end() == 0
    terminal.close()
    assert not desk.arrived()
    terminal = desk.terminal("import", str(desk.folder), "--yes")
    assert terminal.end() == 0
    assert len(desk.arrived()) == 5
    assert "Upload them?" not in terminal.text
    terminal.close()


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_without_a_terminal_an_import_of_many_files_needs_a_yes(desk, options):
    desk.configure("ask_above = 3")
    drop(desk, 1, 4)
    done = desk.run("import", str(desk.folder), *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert "4 files (" in done.stderr
    assert "--yes" in done.stderr
    assert not desk.arrived()
    assert not desk.read_json("history")
    assert desk.run("import", str(desk.folder), "--yes", *options).returncode == 0
    assert len(desk.arrived()) == 4
    drop(desk, 5, 7)  # as many as need no yes: those that were uploaded do not count
    assert desk.run("import", str(desk.folder), *options).returncode == 0
    assert len(desk.arrived()) == 7


def test_documents_inside_others_count_before_an_import(desk):
    desk.configure('ask_above = 3\narchives = "open"')
    content = zipped(*((f"{number}.pdf", pdf(str(number))) for number in range(3)))
    (desk.folder / "cvs.zip").write_bytes(content)
    assert desk.run("import", str(desk.folder)).returncode == 0
    content = zipped(*((f"{number}.pdf", pdf(f"other {number}")) for number in range(4)))
    (desk.folder / "more.zip").write_bytes(content)
    done = desk.run("import", str(desk.folder))
    assert done.returncode == 2
    assert "4 files (" in done.stderr
    assert len(desk.arrived()) == 3


def test_where_nobody_is_to_be_asked_an_import_needs_no_yes(desk):
    desk.configure("ask_above = 0")
    drop(desk, 1, 4)
    assert desk.run("import", str(desk.folder)).returncode == 0
    assert len(desk.arrived()) == 4


def test_an_import_of_what_waits_is_a_yes(desk, asked):
    assert desk.run("import", str(desk.folder)).returncode == 2
    assert len(desk.arrived()) == 3
    done = desk.run("import", str(desk.folder), "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(desk.arrived()) == 8


def test_a_monthly_limit_is_told_and_its_uploads_are_counted(desk, eventually):
    account = desk.config.read_text().replace("[account]", "[account]\nmonthly_limit = 2")
    desk.config.write_text(account)
    running = desk.start("run")
    running.wait_for("Watching")
    drop(desk, 1, 4)
    eventually(lambda: held(desk) == {"monthly_limit:default": 2})
    assert "The monthly limit of 2 uploads has been reached" in desk.call("status").stdout
    (report,) = desk.read_json("report", "month")
    assert [each["uploads"] for each in report["months"]] == [2]
    of_folder = desk.call("approve", str(desk.folder))
    assert of_folder.returncode == 5
    assert "approve --all" in of_folder.stderr
    assert "Uploads per month" in desk.call("report").stdout
    assert desk.call("approve", "--all").returncode == 0
    eventually(lambda: len(desk.arrived()) == 4)
