"""Hooks, a person's own commands: real processes, with everything that such processes do."""

import logging
import os
import sys
import threading

import pytest

from tests.support.bare_python import BARE
from tests.support.waiting import PATIENCE
from watcher.daemon.hooks import HookCommands, fill_in
from watcher.model.entries import Entry
from watcher.model.kinds import State


@pytest.fixture
def commands():
    made = HookCommands()
    yield made
    made.close()


def entry(path="/srv/cvs/Aisha Rahman.pdf", **more):
    values = {"file_id": 7, "folder": "/srv/cvs", "state": State.PARSED, "profile_key": "k-1",
              "reference": "r1", "source_key": "s1", "account": "default"}  # fmt: skip
    return Entry(path=path, **{**values, **more})


def python(code, *arguments):
    return (*BARE, code, *arguments)


def run(commands, code, *arguments, of=None, seconds=30.0):
    return commands.run(python(code, *arguments), of or entry(), seconds)


def test_each_argument_stays_one(commands, tmp_path):
    target = tmp_path / "out"
    code = "import sys; open(sys.argv[1], 'w').write('\\0'.join(sys.argv[2:]))"
    of = entry("/srv/cvs/a b; rm -rf $HOME `id` \"x\" 'y' \n z.pdf")
    assert not run(
        commands, code, str(target), "{path}", "--key={profile_key}", "a b", "{{}}", of=of
    )
    assert target.read_text(encoding="utf-8").split("\0") == [of.path, "--key=k-1", "a b", "{}"]


@pytest.mark.parametrize("key", ["--help", "-rf", "a b", "../x", "k\n", "", "k" * 300, "é"])
def test_what_a_server_says_is_no_option_and_no_path(key):
    assert fill_in(("x", "{profile_key}"), entry(profile_key=key)) == ["x", ""]


def test_a_file_that_was_filed_away_is_where_it_is_now():
    assert fill_in(("x", "{path}"), entry(filed_to="/srv/Sent/a.pdf")) == ["x", "/srv/Sent/a.pdf"]


def test_names_that_are_no_text_arrive_as_they_are(commands, tmp_path):
    target = tmp_path / "out"
    code = "import os, sys; open(sys.argv[1], 'wb').write(os.fsencode(sys.argv[2]))"
    assert not run(commands, code, str(target), "{path}", of=entry("/srv/bad\udcff.pdf"))
    assert target.read_bytes() == b"/srv/bad\xff.pdf"


def test_its_failure_is_said(commands):
    assert str(run(commands, "import sys; sys.exit(3)")) == "failed with exit code 3"
    assert str(commands.run(("/no/such/program",), entry(), 5.0)).startswith("can't be started")
    assert str(commands.run((sys.executable, "a\0b"), entry(), 5.0)).startswith("can't be started")


def is_alive(number):
    try:
        with open(f"/proc/{number}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_what_takes_too_long_is_ended_with_all_that_it_started(commands, tmp_path, eventually):
    note = tmp_path / "child"
    code = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open(sys.argv[1] + '.part', 'w').write(str(child.pid))\n"
        "os.rename(sys.argv[1] + '.part', sys.argv[1])\n"
        "time.sleep(600)\n"
    )
    seconds = 1.0
    while not note.exists():  # a slow machine needs longer to start it
        seconds *= 2
        assert "took longer than" in str(run(commands, code, str(note), seconds=seconds))
    child = int(note.read_text())
    eventually(lambda: not is_alive(child))


def test_output_without_end_takes_no_memory(commands, caplog):
    caplog.set_level(logging.DEBUG)
    code = "import sys\nfor _ in range(300): sys.stdout.write('x' * 100_000 + '\\n')"
    assert not run(commands, code)
    assert sum(len(each.getMessage()) for each in caplog.records) < 30_000


def test_names_stand_in_the_log_only_at_debug(commands, caplog):
    caplog.set_level(logging.DEBUG)
    assert run(commands, "import sys; print('Aisha Rahman'); sys.exit(1)", "{path}")
    above = [each for each in caplog.records if each.levelno > logging.DEBUG]
    assert above
    assert not any("Aisha" in each.getMessage() for each in above)
    assert any("Aisha" in each.getMessage() for each in caplog.records)


def test_no_secret_is_handed_on(commands, tmp_path, monkeypatch):
    names = ("HRFLOW_API_KEY", "HRFLOW_WEBHOOK_SECRET", "HRFLOW_LEDGER_PASSWORD")
    for name in (*names, "CREDENTIALS_DIRECTORY"):
        monkeypatch.setenv(name, "canary")
    target = tmp_path / "out"
    code = "import os, sys; open(sys.argv[1], 'w').write(repr(dict(os.environ)))"
    assert not run(commands, code, str(target))
    assert "canary" not in target.read_text(encoding="utf-8")


def test_it_has_no_terminal_to_wait_at(commands):
    assert not run(commands, "import sys; assert sys.stdin.read() == ''")


def test_at_the_end_all_are_ended_and_none_is_started(commands, tmp_path, eventually):
    note = tmp_path / "started"
    code = "import sys, time; open(sys.argv[1], 'w').write('x'); time.sleep(600)"
    said = []
    thread = threading.Thread(
        target=lambda: said.append(run(commands, code, str(note), seconds=500))
    )
    thread.start()
    eventually(note.exists)
    commands.close()
    thread.join(PATIENCE)
    assert [str(each) for each in said] == ["failed with exit code -9"] or os.name == "nt"
    assert "not run" in str(run(commands, "pass"))
