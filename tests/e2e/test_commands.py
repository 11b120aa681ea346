"""Every command as a person starts it: a process of its own, its output, its exit code."""

import json
import os
import pty
import queue
import select
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.e2e.conftest import SAMPLES
from tests.e2e.test_journey import DOCX, PDF, make_pdf
from tests.e2e.test_samples import IGNORED, REFUSED, SENT, check_everything
from watcher import sandbox as sb

BASE = """
[account]
email = "{email}"
api_url = "{url}"

[[folders]]
path = "{folder}"
source_key = "{source}"
settle_seconds = 0.3
tags = {{ office = "Paris", urgent = true }}
{more}
"""


class Process:
    """A running command whose lines can be waited for."""

    def __init__(self, command, env):
        self.process = subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines = []
        self._queue = queue.Queue()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        for line in self.process.stdout:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def wait_for(self, text, within=30):
        """The first line from now on that holds ``text``."""
        deadline = time.monotonic() + within
        while True:
            try:
                line = self._queue.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            assert line is not None, f"{text!r} never came; there was {self.lines}"
            self.lines.append(line)
            if text in line:
                return line

    def end(self, number=signal.SIGTERM, within=20):
        """Ask it to end; gives its exit code. May be called again."""
        if self.process.stdout.closed:
            return self.process.returncode
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(within)
        self._thread.join(within)
        while (line := self._queue.get()) is not None:
            self.lines.append(line)
        self.process.stdout.close()
        return code


class Desk:
    """A person's machine: a folder, a configuration, the commands; HrFlow is the sandbox."""

    def __init__(self, root, sandbox):
        self.root = root
        self.sandbox = sandbox
        self.folder = root / "cvs"
        self.folder.mkdir()
        self.config = root / "config.toml"
        self.key = sb.READ_WRITE_KEY
        self.processes = []
        self.configure()

    def configure(self, more="", source=sb.ENGINEERING.key):
        text = BASE.format(
            email=sb.EMAIL, url=self.sandbox.url, folder=self.folder, source=source, more=more
        )
        self.config.write_text(text, encoding="utf-8")

    def command(self, *arguments):
        return [
            *(sys.executable, "-m", "watcher", "--config", str(self.config)),
            *("--state", str(self.root / "state"), *arguments),
        ]

    def environ(self, **more):
        return {
            **os.environ,
            "HRFLOW_API_KEY": self.key,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "PYTHONUTF8": "1",
            **more,
        }

    def start(self, *arguments):
        self.processes.append(Process(self.command(*arguments), self.environ()))
        return self.processes[-1]

    def run(self, *arguments, **environ):
        return subprocess.run(
            self.command(*arguments), env=self.environ(**environ),
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def read_json(self, *arguments, code=0):
        done = self.run(*arguments, "--json")
        assert done.returncode == code, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def arrived(self):
        return [record for record in self.sandbox.ledger.records() if record.status in (201, 202)]

    def at_terminal(self, *arguments, **environ):
        """What a command writes to a terminal, and its exit code."""
        mine, its = pty.openpty()
        process = subprocess.Popen(
            self.command(*arguments), stdin=its, stdout=its, stderr=its,
            env=self.environ(TERM="xterm-256color", COLUMNS="120", **environ),
        )  # fmt: skip
        os.close(its)
        written = b""
        while select.select([mine], [], [], 60)[0]:
            try:
                piece = os.read(mine, 65536)
            except OSError:  # the other end was closed: that is how a terminal ends on Linux
                break
            if not piece:
                break
            written += piece
        os.close(mine)
        return written.decode(), process.wait(60)


@pytest.fixture
def desk(tmp_path):
    with sb.Sandbox(parse_seconds=0.1) as sandbox:
        made = Desk(tmp_path, sandbox)
        yield made
        for process in made.processes:
            process.end()


# -- run


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_uploads_and_ends_cleanly(desk, number):
    running = desk.start("run")
    running.wait_for("Watching")
    shutil.copy(PDF, desk.folder)
    assert "✓ Aisha Rahman - CV.pdf" in running.wait_for("Aisha")
    assert running.end(number, within=10) == 0
    (record,) = desk.arrived()
    assert json.loads(dict(record.fields)["tags"])[0] == {"name": "office", "value": "Paris"}


def test_a_second_instance_says_who_runs(desk):
    desk.start("run").wait_for("Watching")
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
    assert "There is no API key" in running.wait_for("held")
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
    running.wait_for("in force")
    running.wait_for(f"Watching {other}")
    shutil.copy(DOCX, desk.folder)
    make_pdf(other / "third.pdf")
    desk.sandbox.ledger.wait_for(3, within=30)
    sources = {record.file_name: record.source_key for record in desk.arrived()}
    assert sources == {
        "Aisha Rahman - CV.pdf": sb.ENGINEERING.key,
        "Łukasz Wójcik.docx": sb.SALES.key,
        "third.pdf": sb.EXPRESS.key,
    }


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
    received = running.wait_for("HrFlow has it")
    for word in ("Engineering", "application/pdf", "rehearsal=true", "reference"):
        assert word in received
    place = next(line for line in running.lines if "Drop CVs" in line).split()[3]
    assert os.path.isdir(place)
    assert running.end(signal.SIGINT) == 0
    assert not os.path.exists(os.path.dirname(place))


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
    names = [*SENT, *REFUSED, *IGNORED]
    found = desk.read_json("check", *(str(desk.folder / name) for name in names))
    verdicts = {os.path.basename(each["file"]): each for each in found}
    for name, (media_type, sent_as) in SENT.items():
        each = verdicts[name]
        assert (each["verdict"], each["media_type"]) == ("would be sent", media_type)
        assert (each["sent_as"], each["source_key"]) == (sent_as, sb.ENGINEERING.key)
        assert json.loads(each["fields"]["tags"])[1] == {"name": "urgent", "value": True}
    for name, word in REFUSED.items():
        assert verdicts[name]["verdict"] == "refused"
        assert word in verdicts[name]["why"]
    for name in IGNORED:
        assert verdicts[name]["verdict"] == "ignored"
    assert not desk.sandbox.ledger.calls()


def test_check_knows_links_directories_and_strangers(desk):
    os.symlink(PDF, desk.folder / "link.pdf")
    (desk.folder / "directory.pdf").mkdir()
    names = [desk.folder / "link.pdf", desk.folder / "directory.pdf", PDF]
    found = desk.read_json("check", *map(str, names))
    assert [each["verdict"] for each in found] == ["not sent", "not sent", "not watched"]
    assert "symbolic link" in found[0]["why"]
    missing = desk.run("check", str(desk.folder / "none.pdf"))
    assert missing.returncode == 5
    assert "none.pdf" in missing.stdout + missing.stderr


def test_check_reads_well(desk):
    shutil.copy(PDF, desk.folder)
    done = desk.run("check", str(desk.folder / "Aisha Rahman - CV.pdf"))
    assert "would be sent" in done.stdout
    assert "a PDF document" in done.stdout
    assert "\x1b" not in done.stdout


# -- import


def test_all_samples_are_imported_by_the_command(desk):
    for name in os.listdir(SAMPLES):
        shutil.copyfile(os.path.join(SAMPLES, name), desk.folder / name)
    done = desk.run("import", str(desk.folder))
    assert done.returncode == 5, done.stdout  # some were refused
    total = len(SENT) + len(REFUSED)
    assert f"{total} files found, {len(SENT)} of them dealt with." in done.stdout
    check_everything(_Told(desk))


class _Told:
    """What ``check_everything`` asks, answered by the commands."""

    def __init__(self, desk):
        self.desk = desk

    def arrived(self):
        return self.desk.arrived()

    def entries(self):
        (found,) = self.desk.read_json("history", "--limit", "1000")
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
    assert "120 files" in running.wait_for("wait for your yes")
    running.end()
    assert not desk.arrived()
    (summary,) = desk.read_json("import", str(desk.folder))
    assert summary == {"folder": str(desk.folder), "files": 120, "states": {"accepted": 120}}
    assert desk.run("import", str(desk.folder)).returncode == 0
    assert len(desk.arrived()) == 120


def test_an_import_while_the_program_runs_is_done_by_it(desk):
    (desk.folder / "inner").mkdir()
    for number in range(110):
        make_pdf(desk.folder / "inner" / f"{number}.pdf", str(number))
    make_pdf(desk.folder / "other.pdf", "other")
    running = desk.start("run")
    running.wait_for("wait for your yes")
    done = desk.run("import", str(desk.folder / "inner"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(desk.arrived()) == 110
    running.end()


def test_an_import_that_is_broken_off_goes_on_where_it_stopped(desk):
    desk.sandbox.faults.set(sb.Fault(kind=sb.Kind.DELAY, delay=0.05))
    for number in range(150):
        make_pdf(desk.folder / f"{number}.pdf", str(number))
    first = desk.start("import", str(desk.folder))
    desk.sandbox.ledger.wait_for(10, within=30)
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
    done = desk.run("import", str(other), "--source", sb.SALES.key, "--tag", "fair=2026")
    assert done.returncode == 0, done.stderr
    (record,) = desk.arrived()
    assert record.source_key == sb.SALES.key
    assert json.loads(dict(record.fields)["tags"]) == [{"name": "fair", "value": "2026"}]
    assert desk.run("import", str(desk.root / "none")).returncode == 5


# -- config, status, history


def test_config_check_and_show(desk):
    assert "is fine" in desk.run("config", "check").stdout
    rows = {row["key"]: row for row in desk.read_json("config", "show")[0]}
    assert rows["folders[1].source_key"]["value"] == f'"{sb.ENGINEERING.key}"'
    assert rows["folders[1].source_key"]["origin"].endswith(":8")
    assert rows["account" + "s.default.parallel_uploads"]["origin"] == "built-in default"
    desk.configure(more="foo = 1")
    (found,) = desk.read_json("config", "check", code=2)
    assert "foo" in found["mistakes"][0]


def test_status_and_history_need_no_running_program(desk):
    (before,) = desk.read_json("status")
    assert before["running"] is False
    assert "no journal" in before["note"]
    shutil.copy(PDF, desk.folder)
    shutil.copy(os.path.join(SAMPLES, "renamed program.pdf"), desk.folder)
    desk.run("import", str(desk.folder))
    (after,) = desk.read_json("status")
    assert after["counts"] == {"accepted": 1, "refused": 1}
    assert after["today"] == 1
    assert "program" in after["attention"][0]["why"]
    (refused,) = desk.read_json("history", "--state", "refused")
    assert [os.path.basename(each["path"]) for each in refused] == ["renamed program.pdf"]
    (aisha,) = desk.read_json("history", "--text", "aisha", "--since", "1h")
    assert len(aisha) == 1
    assert desk.read_json("history", "--until", "2020-01-01") == [[]]
    assert desk.run("history", "--since", "whenever").returncode == 2
    plain = desk.run("history").stdout.splitlines()
    assert len(plain) == 2
    assert all(line.count("\t") == 3 for line in plain)


def test_status_tells_of_the_running_program(desk):
    running = desk.start("run")
    running.wait_for("Watching")
    (status,) = desk.read_json("status")
    assert (status["running"], status["pid"]) == (True, running.process.pid)
    assert status["folders"] == {str(desk.folder): ""}
    assert "Running since" in desk.run("status").stdout


# -- at a terminal


def test_a_terminal_gets_tables_and_colours_unless_its_owner_does_not_want_them(desk):
    shutil.copy(PDF, desk.folder)
    written, code = desk.at_terminal("import", str(desk.folder))
    assert code == 0
    assert "Uploading" in written
    assert "\x1b[" in written
    history, _ = desk.at_terminal("history")
    assert "What became of it" in history
    assert "\x1b[32m" in history
    plain, _ = desk.at_terminal("status", NO_COLOR="1")
    assert "\x1b[32m" not in plain
    assert "sent" in plain


def test_names_that_could_mislead_are_written_out(desk):
    name = "x\x1b[2Jy\n\u202efdp.pdf"
    shutil.copy(PDF, desk.folder / name)
    done = desk.run("import", str(desk.folder))
    assert done.returncode == 0
    for output in (desk.run("history").stdout, desk.run("history", "--json").stdout):
        assert "\\x1b[2Jy\\x0a\\u202efdp.pdf" in output.replace("\\\\", "\\")
        assert "\x1b" not in output
    written, _ = desk.at_terminal("history", NO_COLOR="1")
    assert "\x1b[2J" not in written


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
def test_every_command_explains_itself(desk, arguments):
    done = desk.run(*arguments)
    assert done.returncode == 0
    assert len(done.stdout) > 100


def test_an_unknown_command_is_a_clear_error(desk):
    done = desk.run("statsu")
    assert done.returncode == 2
    assert "No such command" in done.stderr
    assert desk.run("--version").stdout.startswith("hrflow-watcher ")
