"""Every command: what a person types, its output, its exit code."""

import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
from unittest import mock

import pytest

from tests.support.earlier_versions import make_journal
from tests.support.outcomes import count_outcomes
from tests.support.samples import DOCX, IGNORED, OPENED, PDF, REFUSED, SAMPLES, SENT, make_pdf
from tests.support.waiting import PATIENCE
from watcher import sandbox as sb
from watcher.cli import run_command
from watcher.model.kinds import State
from watcher.sandbox import Fault, Kind

# -- run


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_uploads_and_ends_cleanly(desk, number):
    running = desk.start("run")
    running.wait_for("Watching")
    shutil.copy(PDF, desk.folder)
    assert "✓ Aisha Rahman - CV.pdf" in running.wait_for("Aisha")
    assert running.end(number) == 0
    (record,) = desk.arrived()
    assert json.loads(dict(record.fields)["tags"])[0] == {"name": "office", "value": "Paris"}


def test_a_second_instance_says_who_runs(desk, eventually):
    desk.start("run").wait_for("Watching")
    eventually((desk.root / "state" / "instance.json").exists)
    second = desk.run("run")
    assert second.returncode == 3
    assert str(desk.processes[0].process.pid) in second.stderr


def test_mistakes_come_all_at_once_and_without_a_traceback(desk):
    desk.configure(more='watch = "x"\nexisting = "y"')
    done = desk.run("run")
    assert done.returncode == 2
    assert "watch" in done.stderr
    assert "existing" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_key_files_wait_and_say_so(desk):
    desk.key = ""
    running = desk.start("run")
    running.wait_for("Watching")
    shutil.copy(PDF, desk.folder)
    assert "There is no API key" in running.wait_for("On hold")
    running.end()
    (status,) = desk.read_json("status")
    assert status["held"][0]["files"] == 1
    assert not desk.sandbox.ledger.records()


def test_new_settings_are_in_force_at_once_and_bad_ones_are_not(desk):
    running = desk.start("run")
    running.wait_for("Watching")
    desk.configure(more="existing = 5")
    assert "existing" in running.wait_for("not used")
    shutil.copy(PDF, desk.folder)
    running.wait_for("✓ Aisha")
    other = desk.root / "other"
    other.mkdir()
    desk.configure(
        source=sb.SALES.key,
        more=f'[[folders]]\npath = "{other}"\nsource_key = "{sb.EXPRESS.key}"\n',
    )
    running.wait_for("Configuration reloaded")
    running.wait_for(f"Watching {other}")
    shutil.copy(DOCX, desk.folder)
    make_pdf(other / "third.pdf")
    desk.sandbox.wait_for(3)
    sources = {record.file_name: record.source_key for record in desk.arrived()}
    assert sources == {
        "Aisha Rahman - CV.pdf": sb.ENGINEERING.key,
        "Łukasz Wójcik.docx": sb.SALES.key,
        "third.pdf": sb.EXPRESS.key,
    }


def test_a_configuration_that_is_missing_says_where_it_belongs(desk):
    desk.config.unlink()
    done = desk.run("run")
    assert done.returncode == 2
    assert str(desk.config) in done.stderr
    assert "config.example.toml" in done.stderr


def test_a_reader_that_leaves_ends_the_program(desk):
    running = subprocess.Popen(
        desk.command("run"), env=desk.environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert b"Watching" in running.stdout.readline()
    running.stdout.close()
    shutil.copy(PDF, desk.folder)
    assert running.wait(PATIENCE) == 0
    assert running.stderr.read() == b""
    running.stderr.close()


def test_run_speaks_json(desk):
    running = desk.start("run", "--json")
    shutil.copy(PDF, desk.folder)
    line = running.wait_for('"accepted"')
    assert json.loads(line)["media_type"] == "application/pdf"


# -- try and sandbox


def test_try_brings_its_own_sandbox_folder_and_cv(desk):
    running = desk.start("try")
    running.wait_for("Drop CVs into")
    assert "✓ Camille Durand - CV.pdf" in running.wait_for("Camille")
    received = running.wait_for("Received by HrFlow")
    for word in ("Engineering", "PDF", "rehearsal=true", "reference"):
        assert word in received
    place = next(line for line in running.lines if "Drop CVs" in line).split()[3]
    assert os.path.isdir(place)
    running.wait_for("✓ Camille Durand - CV.pdf: Camille Durand → Engineering")
    assert running.end(signal.SIGINT) == 0
    assert sum("Received by HrFlow" in line for line in running.lines) == 1, "it is said once"
    assert not os.path.exists(os.path.dirname(place))


def test_try_leaves_what_a_person_put_into_its_folder(desk):
    running = desk.start("try")
    place = pathlib.Path(running.wait_for("Drop CVs into").split()[3])
    running.wait_for("Camille")
    shutil.copy(PDF, place)
    (place / "below").mkdir()
    shutil.copy(DOCX, place / "below")
    running.wait_for("✓ Łukasz Wójcik.docx")
    assert running.end(signal.SIGINT) == 0
    try:
        assert f"Your files in {place} were kept." in running.lines
        assert sorted(os.listdir(place)) == ["Aisha Rahman - CV.pdf", "below"]
        assert os.listdir(place / "below") == ["Łukasz Wójcik.docx"]
        assert os.listdir(place.parent) == [place.name]
    finally:
        shutil.rmtree(place.parent)


def test_try_takes_a_folder_of_ones_own(desk):
    shutil.copy(DOCX, desk.folder)
    running = desk.start("try", str(desk.folder))
    running.wait_for("✓ Łukasz Wójcik.docx")
    shutil.copy(PDF, desk.folder)
    running.wait_for("✓ Aisha Rahman - CV.pdf")
    assert running.end(signal.SIGINT) == 0
    assert os.listdir(desk.folder) != []
    assert desk.run("try", str(desk.root / "none")).returncode == 5


def test_the_sandbox_runs_by_itself(desk):
    running = desk.start("sandbox", "--json")
    said = json.loads(running.wait_for("api_url"))
    desk.config.write_text(desk.config.read_text().replace(desk.sandbox.url, said["api_url"]))
    shutil.copy(PDF, desk.folder)
    assert desk.run("import", str(desk.folder)).returncode == 0
    assert running.end(signal.SIGINT) == 0


# -- check


def test_check_says_what_would_happen_and_sends_nothing(desk):
    for name in os.listdir(SAMPLES):
        shutil.copyfile(os.path.join(SAMPLES, name), desk.folder / name)
    names = [*SENT, *REFUSED, *OPENED, *IGNORED]
    for name in REFUSED:  # what breaks off is waited for while it is new
        os.utime(desk.folder / name, (10**9, 10**9))
    found = desk.read_json("check", *(str(desk.folder / name) for name in names))
    verdicts = {os.path.basename(each["file"]): each for each in found}
    for name, (media_type, sent_as) in SENT.items():
        each = verdicts[name]
        assert (each["verdict"], each["media_type"]) == ("Would be uploaded", media_type)
        assert (each["sent_as"], each["source_key"]) == (sent_as, sb.ENGINEERING.key)
        assert json.loads(each["fields"]["tags"])[1] == {"name": "urgent", "value": True}
    for name, word in REFUSED.items():
        assert verdicts[name]["verdict"] == "Not accepted"
        assert word in verdicts[name]["why"]
    for name, parts in OPENED.items():
        assert verdicts[name]["verdict"] == "Would be extracted"
        inside = {os.path.basename(part["file"]): part for part in verdicts[name]["parts"]}
        assert {part: each["media_type"] for part, each in inside.items()} == parts
    for name in IGNORED:
        assert verdicts[name]["verdict"] == "Ignored"
    assert not desk.sandbox.ledger.calls()


def test_check_knows_links_directories_and_strangers(desk):
    os.symlink(PDF, desk.folder / "link.pdf")
    (desk.folder / "directory.pdf").mkdir()
    shutil.copy(DOCX, desk.folder / "last.docx")
    names = [desk.folder / "link.pdf", desk.folder / "directory.pdf", PDF]
    found = desk.read_json("check", *map(str, names))
    assert [each["verdict"] for each in found] == ["Not uploaded", "Not uploaded", "Not uploaded"]
    assert "symbolic link" in found[0]["why"]
    missing = desk.read_json(
        "check", str(desk.folder / "none.pdf"), str(desk.folder / "last.docx"), code=5
    )
    assert [each["verdict"] for each in missing] == [
        "File not found; check the path",
        "Would be uploaded",
    ]


def test_check_knows_what_was_sent_before(desk):
    shutil.copy(PDF, desk.folder / "first.pdf")
    assert desk.run("import", str(desk.folder)).returncode == 0
    shutil.copy(PDF, desk.folder / "copy.pdf")
    shutil.copy(DOCX, desk.folder / "new.docx")
    names = ("first.pdf", "copy.pdf", "new.docx")
    found = desk.read_json("check", *(str(desk.folder / name) for name in names))
    assert [each["verdict"] for each in found] == [
        "Already uploaded",
        "Duplicate",
        "Would be uploaded",
    ]
    assert "first.pdf" in found[1]["why"]
    assert len(desk.arrived()) == 1


def test_check_reads_well(desk):
    shutil.copy(PDF, desk.folder)
    done = desk.run("check", str(desk.folder / "Aisha Rahman - CV.pdf"))
    assert "Would be uploaded" in done.stdout
    assert "a PDF document" in done.stdout
    assert "\x1b" not in done.stdout


# -- config, status, history


def test_config_check_and_show(desk):
    assert "is fine" in desk.run("config", "check").stdout
    rows = {row["key"]: row for row in desk.read_json("config", "show")}
    assert rows["folders[1].source_key"]["value"] == f'"{sb.ENGINEERING.key}"'
    assert rows["folders[1].source_key"]["origin"].endswith(":8")
    assert rows["account" + "s.default.parallel_uploads"]["origin"] == "built-in default"
    desk.configure(more="foo = 1")
    (found,) = desk.read_json("config", "check", code=2)
    assert "foo" in found["mistakes"][0]
    assert found["mistake_messages"][0]["args"]["said"]["args"]["key"] == "folders[1].foo"


def test_status_and_history_need_no_running_program(desk):
    (before,) = desk.read_json("status")
    assert before["running"] is False
    assert before["note"] == "No files uploaded yet."
    assert desk.run("status").returncode == 8  # the program does not run
    assert desk.read_json("history") == []
    assert desk.run("history").stdout == "No files uploaded yet.\n"
    shutil.copy(PDF, desk.folder)
    shutil.copy(os.path.join(SAMPLES, "renamed program.pdf"), desk.folder)
    desk.run("import", str(desk.folder))
    (after,) = desk.read_json("status")
    assert count_outcomes(after["counts"]) == {"sent": 1, "refused": 1}
    assert after["today"] == 1
    assert "program" in after["attention"][0]["why"]
    (refused,) = desk.read_json("history", "--only", "refused")
    assert os.path.basename(refused["path"]) == "renamed program.pdf"
    assert len(desk.read_json("history", "aisha", "--since", "1h")) == 1
    assert desk.read_json("history", "--until", "2020-01-01") == []
    both = desk.read_json(
        "history", *("--only", "refused", "--only", "accepted", "--only", "parsed")
    )
    assert len(both) == 2
    assert desk.read_json("history", str(desk.root / "other")) == []
    assert desk.read_json("history", str(desk.folder)) == both
    assert desk.read_json("history", str(desk.folder), "renamed", "program") == [refused]
    assert desk.run("history", str(desk.folder), str(desk.root)).returncode == 2
    assert desk.read_json("history", "--limit", "1") == both[:1]
    assert desk.run("history", "--since", "whenever").returncode == 2
    plain = desk.run("history").stdout.splitlines()
    assert len(plain) == 2
    assert all(line.count("\t") == 3 for line in plain)


def test_a_state_is_no_folder_of_the_program(desk):
    told = desk.run("history", "--state", "refused")
    assert told.returncode == 2
    assert '--only "refused"' in told.stderr


def test_a_journal_of_another_version_is_left_alone(desk):
    state = desk.root / "state"
    state.mkdir()
    make_journal(str(state / "journal.db"), 1)
    before = (state / "journal.db").read_bytes()
    for command in ("history", "status"):
        told = desk.run(command)
        assert (told.returncode, "Start the program once" in told.stderr) == (6, True)
    assert (state / "journal.db").read_bytes() == before
    connection = sqlite3.connect(state / "journal.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for command in ("history", "status", "run"):
        told = desk.run(command)
        assert told.returncode == 6
        assert "written by a newer hrflow-watcher than this one" in told.stderr
        assert "Install the newer version again" in told.stderr


def test_one_cause_is_told_once_and_each_file_knows_it(desk, eventually):
    desk.key = ""
    running = desk.start("run")
    running.wait_for("Watching")
    for number in range(6):
        make_pdf(desk.folder / f"{number}.pdf", str(number))
    eventually(lambda: desk.states() == ["held"] * 6)
    make_pdf(desk.folder / "later.pdf", "later")
    running.wait_for("later.pdf")
    running.end()
    assert "\n".join(running.lines).count("There is no API key") == 1
    (later,) = [line for line in running.lines if "later.pdf" in line]
    assert "On hold for the same reason" in later
    assert desk.run("history").stdout.count("There is no API key") == 7


def test_what_waits_for_a_yes_is_told_in_one_line(desk):
    for number in range(101):
        make_pdf(desk.folder / f"{number}.pdf", str(number))
    running = desk.start("run")
    running.wait_for("waiting for your approval")
    os.unlink(desk.folder / "0.pdf")
    make_pdf(desk.folder / "new.pdf", "new")
    running.wait_for("new.pdf")
    running.end()
    lines = "\n".join(running.lines)
    assert lines.count(".pdf") == lines.count("new.pdf"), lines
    assert "waiting for your approval" in desk.run("history", "--only", "held").stdout


def test_status_says_what_waits_and_how_to_let_it_go(desk):
    for number in range(101):
        make_pdf(desk.folder / f"{number}.pdf", str(number))
    running = desk.start("run")
    running.wait_for("waiting for your approval")
    assert f"approve {desk.folder}" in desk.run("status").stdout
    running.end()
    assert "101 files (2.0\u00a0kB) on hold" in desk.run("status").stdout


def test_a_journal_that_cannot_be_read_is_a_clear_error(desk):
    (desk.root / "state").mkdir()
    (desk.root / "state" / "journal.db").write_text("no database, however long it may be " * 9)
    for command in ("status", "history"):
        done = desk.run(command)
        assert done.returncode == 6, done.stdout
        assert "journal" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_journal_that_cannot_be_read_is_set_aside_by_a_run(desk):
    (desk.root / "state").mkdir()
    (desk.root / "state" / "journal.db").write_text("no database, however long it may be " * 9)
    desk.start("run").wait_for("has been moved to")


def test_status_before_the_set_up_names_its_command(desk):
    desk.config.unlink()
    (facts,) = desk.read_json("status")
    assert (facts["running"], facts["set_up"]) == (False, False)
    first = desk.run("status").stdout.splitlines()[0]
    assert first.endswith(" setup"), first


def test_status_tells_of_the_running_program(desk):
    running = desk.start("run")
    running.wait_for("Watching")
    (status,) = desk.read_json("status")
    assert (status["running"], status["pid"]) == (True, running.process.pid)
    assert status["folders"] == {str(desk.folder): ""}
    assert "Running since" in desk.run("status").stdout


def test_status_says_which_source_of_which_folder_holds_files_and_what_to_do(desk):
    desk.configure(source="0" * 40)
    running = desk.start("run")
    running.wait_for("Watching")
    make_pdf(str(desk.folder / "a.pdf"), "a")
    running.wait_for("On hold")
    (status,) = desk.read_json("status")
    (held,) = status["held"]
    place = {"folder": str(desk.folder), "source_key": "0" * 40, "source_name": ""}
    assert held["places"] == [place]
    said = desk.run("status").stdout
    assert f"  in {desk.folder}, for source 000000000000…" in said
    assert "Correct source_key in the configuration" in said


def test_status_says_that_the_minute_is_used_up(desk):
    limited = desk.config.read_text(encoding="utf-8").replace(
        "[account]", "[account]\nmax_requests_per_minute = 2"
    )
    desk.config.write_text(limited, encoding="utf-8")
    for number in range(5):
        make_pdf(str(desk.folder / f"{number}.pdf"), str(number))
    running = desk.start("run")
    running.wait_for("✓")
    running.wait_for("✓")
    (status,) = desk.read_json("status")
    (queue,) = status["waiting"]
    assert (queue["state"], queue["files"]) == ("queued", 3)
    assert (
        queue["why"]
        == "The limit max_requests_per_minute has been reached: 2 requests in the last minute."
    )
    assert queue["due_at"] > 0
    assert (
        "… 3 queued: The limit max_requests_per_minute has been reached"
        in desk.run("status").stdout
    )
    desk.run("pause")
    assert "… 3 queued: Paused" in desk.run("status").stdout  # which no minute ends
    desk.run("resume")
    running.end()
    assert "… 3 queued: hrflow-watcher is not running" in desk.run("status").stdout


def test_status_says_why_files_wait_while_offline(desk):
    running = desk.start("run")
    running.wait_for("Watching")
    desk.sandbox.stop()
    make_pdf(str(desk.folder / "a.pdf"), "a")
    running.wait_for("Waiting")
    said = desk.run("status").stdout
    assert "Offline since" in said
    assert "↻ 1 waiting: The server can't be reached. Next try: " in said


def test_what_was_filed_away_is_not_said_to_match_a_pattern(desk):
    desk.configure('after_upload = "move"')
    (desk.folder / "Sent").mkdir()
    make_pdf(str(desk.folder / "Sent" / "a.pdf"), "a")
    (found,) = desk.read_json("check", str(desk.folder / "Sent" / "a.pdf"))
    assert (found["verdict"], found["why"]) == (
        "Ignored", "The file is in sent/, where files are filed away."
    )  # fmt: skip


@pytest.mark.parametrize("command", ["run", "status"])
def test_an_own_folder_that_cannot_be_used_has_an_exit_code(desk, command):
    (desk.root / "state").write_text("a file")
    done = desk.run(command)
    assert done.returncode == 6
    assert "own folder" in done.stderr
    assert "--state" in done.stderr


# -- all of them


def test_no_output_is_too_much_for_a_reader_that_leaves(desk):
    shutil.copy(PDF, desk.folder)
    desk.run("import", str(desk.folder))
    command = " ".join(f"'{part}'" for part in desk.command("config", "show")) + " | head -1"
    done = subprocess.run(
        ["bash", "-c", command], env=desk.environ(), capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("run", "--help"), ("try", "--help"), ("import", "--help"), ("check", "--help"),
     ("config", "--help"), ("status", "--help"), ("history", "--help"), ("sandbox", "--help")],
)  # fmt: skip
def test_every_command_explains_itself(capsys, arguments):
    assert run_command(list(arguments)) == 0
    assert len(capsys.readouterr().out) > 100


@pytest.mark.parametrize("group", ["config", "folder", "ledger", "notify", "service"])
def test_a_group_without_its_command_shows_which_there_are(desk, group):
    done = desk.run(group)
    shown = done.stdout + done.stderr
    assert shown.count("Usage: ") == 1
    assert "Commands:" in shown
    assert "Error" not in shown


def test_an_unknown_command_is_a_clear_error(desk):
    done = desk.run("statsu")
    assert done.returncode == 2
    assert "Did you mean 'status'?" in done.stderr
    assert "No such command" in desk.run("upload").stderr
    assert desk.run("--version").stdout.startswith("hrflow-watcher ")


def test_without_a_command_there_is_help_and_nothing_wrong(desk):
    bare = subprocess.run(
        [sys.executable, "-m", "watcher"], env=desk.environ(), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (bare.returncode, bare.stderr) == (0, "")
    assert "Exit codes:" in bare.stdout


def test_places_may_be_named_behind_the_command(desk):
    bare = [sys.executable, "-m", "watcher"]
    places = ["--config", str(desk.config), "--state", str(desk.root / "elsewhere")]
    shutil.copy(PDF, desk.folder)
    for command, code in (
        (["import", str(desk.folder), *places], 0),
        (["status", *places[2:]], 8),
        (["history", *places[2:]], 0),
        (["config", "show", *places[:2]], 0),
    ):
        done = subprocess.run(
            [*bare, *command], env=desk.environ(), capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr
        assert "history" not in command or "Aisha" in done.stdout
    assert os.listdir(desk.root / "elsewhere") != []
    assert not (desk.root / "state").exists()


def test_an_old_terminal_does_not_stop_a_command(desk):
    shutil.copy(DOCX, desk.folder / "Łukasz 😀.docx")
    old = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for command, code in ((["import", str(desk.folder)], 0), (["history"], 0), (["status"], 8)):
        done = desk.run(*command, **old)
        assert (done.returncode, done.stderr) == (code, "")
    narrow = {"PYTHONIOENCODING": "iso-8859-1"}
    assert "\\u0141ukasz" in desk.run("history", **narrow).stdout
    entry = json.loads(desk.run("history", "--json", **narrow).stdout)
    assert os.path.basename(entry["path"]) == "Łukasz 😀.docx"


@pytest.mark.parametrize(
    ("more", "state", "verdict", "why"),
    [
        ('existing = "skip"', State.BASELINE, "Already there", "was already in the folder"),
        ('existing = "ask"', State.HELD, "On hold", "waiting for your approval"),
        ("", State.REFUSED, "Not accepted", "HrFlow rejected this file"),
    ],
)
def test_check_knows_what_rests(desk, eventually, more, state, verdict, why):
    desk.configure(more)
    if state is State.REFUSED:
        desk.sandbox.faults.set(Fault(kind=Kind.STATUS, status=422))
    make_pdf(desk.folder / "old.pdf", "old")
    running = desk.start("run")
    eventually(lambda: desk.states() == [state])
    running.end()
    (found,) = desk.read_json("check", str(desk.folder / "old.pdf"))
    assert found["verdict"] == verdict
    assert why in found["why"]
    make_pdf(desk.folder / "old.pdf", "a new version")
    (found,) = desk.read_json("check", str(desk.folder / "old.pdf"))
    assert found["verdict"] == "Would be uploaded"


def test_status_while_the_journal_is_being_made(desk):
    (desk.root / "state").mkdir()
    (desk.root / "state" / "journal.db").touch()  # made, and nothing in it yet
    (facts,) = desk.read_json("status")
    assert facts["note"] == "No files uploaded yet."


def test_what_no_command_expects_is_in_the_log_and_not_on_the_terminal(desk):
    failing = mock.patch(
        "watcher.daemon.channel.Channel.open", side_effect=ZeroDivisionError("x/0")
    )
    for options in ((), ("--json",)):
        with failing:
            done = desk.call("pause", *options)
        assert (done.returncode, done.stdout) == (1, "")
        assert "ZeroDivision" not in done.stderr and "x/0" not in done.stderr
        assert desk.places.log in done.stderr
    log = pathlib.Path(desk.places.log).read_text(encoding="utf-8")
    assert log.count("ZeroDivisionError: x/0") == 2 and "Traceback" in log
