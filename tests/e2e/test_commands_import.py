"""``import``: every file that is there is sent once, or it is said why not."""

import json
import os
import re
import shutil
import signal
from urllib.parse import urlsplit

import pytest

from tests.support.outcomes import ARRIVED, count_outcomes
from tests.support.samples import DOCX, KNOWN, PDF, SAMPLES, make_pdf
from tests.support.waiting import PATIENCE
from tests.support.world import check_everything
from watcher import sandbox as sb


def test_all_samples_are_imported_by_the_command(desk):
    for name in os.listdir(SAMPLES):
        shutil.copyfile(os.path.join(SAMPLES, name), desk.folder / name)
    done = desk.run("import", str(desk.folder))
    assert done.returncode == 5, done.stdout  # some were refused
    assert f"{KNOWN} files found: " in done.stdout
    counts = re.findall(r"(\d+) [a-z ]+[,.]", done.stdout.splitlines()[-2])
    assert sum(map(int, counts)) == KNOWN
    check_everything(_Told(desk))


class _Told:
    """What ``check_everything`` asks, answered by the commands."""

    def __init__(self, desk):
        self.desk = desk

    def arrived(self):
        return self.desk.arrived()

    def entries(self):
        found = self.desk.read_json("history", "--limit", "1000")
        return [_Entry(**{name: each[name] for name in _Entry.__slots__}) for each in found]


class _Entry:
    __slots__ = ("path", "sha256", "state", "why")

    def __init__(self, **values):
        for name, value in values.items():
            setattr(self, name, value)


def test_an_import_releases_what_waits_for_a_yes_and_is_not_repeated(desk):
    for number in range(120):
        make_pdf(desk.folder / f"{number}.pdf", str(number))
    running = desk.start("run")
    assert "120 files" in running.wait_for("waiting for your approval")
    running.end()
    assert not desk.arrived()
    (summary,) = desk.read_json("import", str(desk.folder))
    assert count_outcomes(summary.pop("states")) == {"sent": 120}
    assert summary == {"folder": str(desk.folder), "files": 120, "already": 0}
    again = desk.run("import", str(desk.folder))
    assert again.returncode == 0
    assert "120 files, already uploaded." in again.stdout
    assert len(desk.arrived()) == 120


def test_an_import_while_the_program_runs_is_done_by_it(desk):
    (desk.folder / "inner").mkdir()
    for number in range(110):
        make_pdf(desk.folder / "inner" / f"{number}.pdf", str(number))
    make_pdf(desk.folder / "other.pdf", "other")
    running = desk.start("run")
    running.wait_for("waiting for your approval")
    done = desk.run("import", str(desk.folder / "inner"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(desk.arrived()) == 110
    running.end()


def test_an_import_that_is_broken_off_goes_on_where_it_stopped(desk):
    desk.sandbox.faults.set(
        sb.Fault(kind=sb.Kind.DELAY, times=10), sb.Fault(kind=sb.Kind.DELAY, delay=2.0)
    )
    for number in range(150):
        make_pdf(desk.folder / f"{number}.pdf", str(number))
    first = desk.start("import", str(desk.folder))
    desk.sandbox.wait_for(10)
    assert first.end(signal.SIGINT) == 130
    desk.sandbox.faults.clear()
    assert len(desk.arrived()) < 150
    assert desk.run("import", str(desk.folder)).returncode == 0
    hashes = [record.sha256 for record in desk.arrived()]
    assert len(hashes) == len(set(hashes)) == 150


def test_a_folder_that_is_not_watched_needs_a_source(desk):
    other = desk.root / "other"
    other.mkdir()
    shutil.copy(PDF, other)
    assert desk.run("import", str(other)).returncode == 2
    typed = ("fair=2026", "urgent=true", 'zip="01000"', "share=0.5", "from={parent}")
    tags = [part for text in typed for part in ("--tag", text)]
    done = desk.run("import", str(other), "--source", sb.SALES.key, *tags)
    assert done.returncode == 0, done.stderr
    (record,) = desk.arrived()
    assert record.source_key == sb.SALES.key
    sent = [(tag["name"], tag["value"]) for tag in json.loads(dict(record.fields)["tags"])]
    assert sent == [  # as folder add and setup understand them
        ("fair", 2026), ("urgent", True), ("zip", "01000"), ("share", 0.5), ("from", "other"),
    ]  # fmt: skip
    assert desk.run("import", str(desk.root / "none")).returncode == 5


def test_a_folder_inside_a_watched_one_is_imported_alone(desk):
    (desk.folder / "inner").mkdir()
    shutil.copy(DOCX, desk.folder / "inner")
    shutil.copy(PDF, desk.folder)
    assert desk.run("import", str(desk.folder / "inner")).returncode == 0
    assert [record.file_name for record in desk.arrived()] == ["Łukasz Wójcik.docx"]
    (summary,) = desk.read_json("import", str(desk.folder))
    assert sum(summary["states"].values()) == 2
    assert summary["states"].keys() <= ARRIVED


def test_of_folders_in_each_other_the_deepest_decides(desk):
    inner = desk.folder / "inner"
    inner.mkdir()
    desk.configure(more=f'[[folders]]\npath = "{inner}"\nsource_key = "{sb.SALES.key}"\n')
    shutil.copy(DOCX, inner)
    shutil.copy(PDF, desk.folder)
    assert desk.run("import", str(desk.folder)).returncode == 0
    sources = {record.file_name: record.source_key for record in desk.arrived()}
    assert sources == {
        "Łukasz Wójcik.docx": sb.SALES.key,
        "Aisha Rahman - CV.pdf": sb.ENGINEERING.key,
    }


def test_the_running_program_looks_for_files_that_it_did_not_notice(desk):
    desk.configure(more='watch = "poll"\npoll_seconds = 3600\n')
    running = desk.start("run")
    running.wait_for("Watching")
    make_pdf(desk.folder / "first.pdf", "first")  # perhaps seen by the walk at the start
    for name in ("second", "third"):
        make_pdf(desk.folder / f"{name}.pdf", name)
        (summary,) = desk.read_json("import", str(desk.folder))
        assert summary["files"] == len(os.listdir(desk.folder))
        assert set(summary["states"]) <= ARRIVED
    running.end()


def test_the_running_program_imports_what_it_does_not_watch_once(desk):
    other = desk.root / "other"
    (other / "inner").mkdir(parents=True)
    shutil.copy(PDF, other)
    make_pdf(other / "inner" / "a.pdf", "a")
    running = desk.start("run")
    running.wait_for("Watching")
    assert desk.run("import", str(other)).returncode == 2  # nothing says where its files go
    done = desk.run("import", str(other), "--source", "sales", "--tag", "fair=2026")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 files uploaded." in done.stdout
    records = desk.arrived()
    assert {record.source_key for record in records} == {sb.SALES.key}
    assert json.loads(dict(records[0].fields)["tags"]) == [{"name": "fair", "value": 2026}]
    make_pdf(other / "later.pdf", "later")  # it is not watched from now on
    make_pdf(desk.folder / "b.pdf", "b")
    desk.sandbox.wait_for(3)
    assert set(desk.read_json("status")[0]["folders"]) == {str(desk.folder)}
    make_pdf(other / "third.pdf", "third")
    again = desk.run("import", str(other), "--source", "sales")
    assert "4 files found: 2 uploaded, 2 already uploaded." in again.stdout
    running.end()
    assert len(desk.arrived()) == 5


@pytest.mark.parametrize("runs", [False, True])
def test_a_source_that_hrflow_does_not_have_is_said_before_anything_is_queued(desk, runs):
    other = desk.root / "other"
    other.mkdir()
    shutil.copy(PDF, other)
    if runs:
        desk.start("run").wait_for("Watching")
    for source in ("Salez", "0" * 40):
        done = desk.run("import", str(other), "--source", source)
        assert done.returncode == 5
        assert f'has no source "{source}"' in done.stderr
    assert not desk.read_json("history")
    assert not desk.arrived()


def test_without_the_check_a_source_is_taken_by_its_key(desk):
    other = desk.root / "other"
    other.mkdir()
    shutil.copy(PDF, other)
    assert desk.run("import", str(other), "--source", "Sales", "--no-check").returncode == 5
    done = desk.run("import", str(other), "--source", sb.SALES.key, "--no-check")
    assert done.returncode == 0, done.stderr


def test_of_several_accounts_one_is_to_be_named(desk):
    other = desk.root / "other"
    other.mkdir()
    shutil.copy(PDF, other)
    account = f'email = "{sb.EMAIL}"\napi_url = "{desk.sandbox.url}"\n'
    desk.config.write_text(
        f"[accounts.paris]\n{account}[accounts.lyon]\n{account}", encoding="utf-8"
    )
    done = desk.run("import", str(other), "--source", "Sales")
    assert done.returncode == 2
    assert "paris, lyon" in done.stderr
    assert "--account" in done.stderr
    done = desk.run("import", str(other), "--source", "Sales", "--account", "lyon")
    assert done.returncode == 0, done.stderr
    terminal = desk.terminal("import", str(other), "--source", "Sales")
    terminal.answer("Account (paris, lyon)", "lyon")
    assert terminal.end() == 0, terminal.text
    terminal.close()


def test_other_commands_reach_a_program_that_imports(desk, eventually):
    other = desk.root / "other"
    other.mkdir()
    make_pdf(desk.folder / "a.pdf", "a")
    make_pdf(other / "b.pdf", "b")
    assert desk.run("pause").returncode == 0  # noted, as nothing runs
    first = desk.start("import", str(desk.folder))
    eventually((desk.root / "state" / "instance.json").exists)
    (status,) = desk.read_json("status")
    assert (status["pid"], status["paused"]) == (first.process.pid, True)
    second = desk.start("import", str(other), "--source", sb.SALES.key)
    eventually(lambda: len(desk.states()) == 2)
    assert not desk.arrived()
    assert desk.run("resume").returncode == 0
    desk.sandbox.wait_for(2)
    assert first.process.wait(PATIENCE) == 0
    second.process.wait(PATIENCE)


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["--tag", "a=b"], "need --source"),  # a watched folder's settings have tags
        (["--source", "x" * 40], "Leave out --source"),  # two settings for one folder
        (["--account", "default"], "need --source"),
        (["--source", "x" * 40, "--tag", "Paris"], "Tags look like office=Paris"),
        (["--source", "x" * 40, "--tag", "a={jbo}"], "{jbo} is not a known placeholder"),
        (["--source", "x" * 40, "--tag", "a={"], "is unmatched"),
    ],
)
def test_options_that_contradict_the_settings_are_refused(desk, options, hint):
    done = desk.run("import", str(desk.folder), *options)
    assert done.returncode == 2
    assert hint in done.stderr


def test_an_account_that_is_not_there_is_named(desk):
    other = desk.root / "other"
    other.mkdir()
    done = desk.run("import", str(other), "--source", sb.SALES.key, "--account", "lyon")
    assert done.returncode == 2
    assert "only default" in done.stderr


def test_what_is_not_there_any_more_is_not_counted(desk):
    for name in ("a", "b"):
        make_pdf(desk.folder / f"{name}.pdf", name)
    desk.key = ""
    held = desk.run("import", str(desk.folder))
    assert held.returncode == 5
    assert "There is no API key" in held.stdout
    (desk.folder / "a.pdf").unlink()
    desk.key = sb.READ_WRITE_KEY
    (summary,) = desk.read_json("import", str(desk.folder))
    assert (summary["files"], count_outcomes(summary["states"])) == (1, {"sent": 1})


def test_an_import_without_hrflow_says_so_and_can_be_broken_off(desk):
    # Nothing goes out: after a whole body HrFlow would be asked for ten minutes whether it arrived.
    port = urlsplit(desk.sandbox.url).port
    desk.sandbox.stop()
    make_pdf(desk.folder / "a.pdf")
    running = desk.start("import", str(desk.folder))
    assert "Ctrl-C" in running.wait_for("can't be reached")
    assert running.end(signal.SIGINT) == 130
    desk.sandbox.start(port)
    done = desk.run("import", str(desk.folder))
    assert done.returncode == 0, done.stderr


def test_an_empty_folder_is_no_failure(desk):
    done = desk.run("import", str(desk.folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert "No files to upload" in done.stdout


def test_an_import_accounts_for_what_was_filed_away(desk):
    desk.configure('after_upload = "move"\nafter_refusal = "move"\nexisting = "ask"')
    for number in range(12):
        make_pdf(desk.folder / f"{number}.pdf", str(number))
    (desk.folder / "setup.exe").write_bytes(b"MZ" + bytes(300))
    done = desk.run("import", str(desk.folder))
    assert done.returncode == 5, done.stdout
    assert "13 files found: 12 uploaded, 1 not accepted." in done.stdout
    assert sorted(os.listdir(desk.folder)) == ["Refused", "Sent"]
    nothing = desk.run("import", str(desk.folder))
    assert nothing.returncode == 0
    assert "No files to upload" in nothing.stdout
    for number in range(12, 20):
        make_pdf(desk.folder / f"{number}.pdf", str(number))
    (summary,) = desk.read_json("import", str(desk.folder))
    assert (summary["files"], count_outcomes(summary["states"])) == (8, {"sent": 8})


def test_the_running_program_files_away_and_the_import_accounts_for_it(desk):
    desk.configure('after_upload = "move"\nexisting = "ask"')
    for number in range(12):
        make_pdf(desk.folder / f"{number}.pdf", str(number))
    running = desk.start("run")
    running.wait_for("waiting for your approval")
    (summary,) = desk.read_json("import", str(desk.folder))
    running.end()
    assert (summary["files"], count_outcomes(summary["states"])) == (12, {"sent": 12})
    assert os.listdir(desk.folder) == ["Sent"]


# -- what was imported is finished, whoever does it


@pytest.fixture
def other(desk):
    """A folder that is not watched, with two CVs."""
    made = desk.root / "other"
    made.mkdir()
    for name in ("a", "b"):
        make_pdf(made / f"{name}.pdf", name)
    return made


def import_by(desk, other):
    return desk.run("import", str(other), "--source", sb.SALES.key, "--tag", "fair=2026")


def stands(desk, other):
    return {e["state"] for e in desk.read_json("history", str(other))}


def check_promise(desk, files=2):
    """All went where the import has said, each once."""
    records = desk.arrived()
    assert len({record.sha256 for record in records}) == len(records) == files
    assert {record.source_key for record in records} == {sb.SALES.key}
    tags = [{"name": "fair", "value": 2026}]
    assert all(json.loads(dict(record.fields)["tags"]) == tags for record in records)


def run_until(desk, eventually, condition):
    running = desk.start("run")
    running.wait_for("Watching")
    eventually(condition)
    return running


def test_what_an_import_left_held_is_sent_by_the_running_program(desk, other, eventually):
    desk.key = ""
    assert import_by(desk, other).returncode == 5
    assert stands(desk, other) == {"held"}
    desk.key = sb.READ_WRITE_KEY
    run_until(desk, eventually, lambda: len(desk.arrived()) == 2).end()
    check_promise(desk)


def test_an_import_is_still_one_after_runs_that_could_not_finish_it(desk, other, eventually):
    desk.key = ""
    import_by(desk, other)
    for _ in range(2):
        running = desk.start("run")
        running.wait_for("Watching")
        running.end()
        assert stands(desk, other) == {"held"}
    desk.key = sb.READ_WRITE_KEY
    run_until(desk, eventually, lambda: len(desk.arrived()) == 2).end()
    check_promise(desk)


def test_what_an_import_left_held_is_sent_by_a_later_import(desk, other, eventually):
    desk.key = ""
    import_by(desk, other)
    desk.key = sb.READ_WRITE_KEY
    running = desk.start("import", str(desk.folder))  # which is empty
    eventually(lambda: len(desk.arrived()) == 2 or running.process.poll() is not None)
    again = import_by(desk, other)
    assert again.returncode == 0, again.stdout
    check_promise(desk)


def test_a_refused_file_of_an_import_is_tried_again_as_it_was_imported(desk, other, eventually):
    fault = sb.Fault(kind=sb.Kind.STATUS, status=400, message="not this one", file_name="*.pdf")
    desk.sandbox.faults.set(fault)
    assert import_by(desk, other).returncode == 5
    assert stands(desk, other) == {"refused"}
    desk.sandbox.faults.clear()
    running = run_until(desk, eventually, lambda: True)
    assert stands(desk, other) == {"refused"}
    assert desk.run("retry", "--all").stdout == "2 files will be retried.\n"
    eventually(lambda: stands(desk, other) <= ARRIVED)
    running.end()
    check_promise(desk)


def test_an_import_that_was_killed_is_finished_by_the_running_program(desk, other, eventually):
    for number in range(30):
        make_pdf(other / f"{number}.pdf", str(number))
    desk.sandbox.faults.set(sb.Fault(kind=sb.Kind.DELAY, delay=0.1))
    killed = desk.start("import", str(other), "--source", sb.SALES.key, "--tag", "fair=2026")
    desk.sandbox.wait_for(3)
    killed.end(signal.SIGKILL)
    desk.sandbox.faults.clear()
    known = len(desk.read_json("history", str(other), "--limit", "100"))
    assert known > 3

    def is_finished():
        return stands(desk, other) <= {"accepted", "parsed", "uncertain"}

    run_until(desk, eventually, is_finished).end()


def test_a_folder_that_was_imported_is_not_watched(desk, other, eventually):
    assert import_by(desk, other).returncode == 0
    running = run_until(desk, eventually, lambda: True)
    make_pdf(other / "later.pdf", "later")
    make_pdf(desk.folder / "watched.pdf", "watched")
    eventually(lambda: len(desk.arrived()) == 3)
    (status,) = desk.read_json("status")
    assert "other" not in json.dumps(status)
    running.end()
    assert {e["path"].rpartition("/")[2] for e in desk.read_json("history")} == {
        "a.pdf", "b.pdf", "watched.pdf",
    }  # fmt: skip


def test_a_folder_watched_later_sends_what_was_imported_where_it_was_to_go(desk, other, eventually):
    desk.key = ""
    import_by(desk, other)
    desk.key = sb.READ_WRITE_KEY
    desk.configure(more=f'[[folders]]\npath = "{other}"\nsource_key = "{sb.ENGINEERING.key}"\n')
    running = run_until(desk, eventually, lambda: len(desk.arrived()) == 2)
    check_promise(desk)
    make_pdf(other / "later.pdf", "later")
    eventually(lambda: len(desk.arrived()) == 3)
    running.end()
    assert {record.source_key for record in desk.arrived()} == {sb.SALES.key, sb.ENGINEERING.key}


def test_an_import_through_an_account_that_is_gone_waits_for_it(desk, other, eventually):
    desk.configure(more='account = "default"')
    text = desk.config.read_text()
    lyon = f'[accounts.lyon]\nemail = "{sb.EMAIL}"\napi_url = "{desk.sandbox.url}"\n'
    desk.config.write_text(f"{text}\n{lyon}")
    desk.key = ""
    done = desk.run("import", str(other), "--source", sb.SALES.key, "--account", "lyon")
    assert done.returncode == 5, done.stderr
    desk.key = sb.READ_WRITE_KEY
    desk.config.write_text(text)
    running = run_until(desk, eventually, lambda: True)
    make_pdf(desk.folder / "a.pdf", "watched")
    eventually(lambda: len(desk.arrived()) == 1)
    running.end()
    assert stands(desk, other) <= {"held", "queued"}
