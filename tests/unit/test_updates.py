"""Which version lies there, whether it is whole, and how it is started; with files of a test's own."""

import os
import signal
import sys
import textwrap
import threading

import pytest

from tests.conftest import wait_until
from tests.installation import Installation
from watcher import __version__
from watcher.app.renewal import Renewal
from watcher.model import Update
from watcher.pipeline import Drain, Drained
from watcher.updates import CommandLine, Installed, OwnFiles, start_anew, try_out
from watcher.updates.command import _AGAIN, _CHILD

# --- What lies there ------------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path):
    return Installation(tmp_path, __version__)


def test_what_runs_is_what_lies_there(installed, tmp_path):
    own = OwnFiles(str(tmp_path))
    assert own.glance() == own.running
    assert own.running.version == __version__
    assert own.running.mark
    assert own.is_whole(own.running)
    record = tmp_path / f"hrflow_watcher-{__version__}.dist-info" / "RECORD"
    assert own.places == (str(tmp_path), str(record))


def test_another_version_is_whole_when_its_record_fits(installed, tmp_path):
    own = OwnFiles(str(tmp_path))
    installed.put_modules("9.0")
    assert own.glance() is None  # modules of 9.0, metadata of this one
    installed.put_record("9.0")
    found = own.glance()
    assert (found.version, own.is_whole(found)) == ("9.0", True)
    module = tmp_path / "watcher" / "rules.py"
    kept = module.read_bytes()
    module.write_bytes(kept + b"#")
    assert not own.is_whole(found)
    module.unlink()
    assert not own.is_whole(found)
    module.write_bytes(kept)
    assert own.is_whole(found)


def test_metadata_that_is_written_before_its_modules_is_waited_for(installed, tmp_path):
    own = OwnFiles(str(tmp_path))
    installed.put_modules("9.0")
    installed.put_record("9.0")
    whole = own.glance()
    (tmp_path / "watcher" / "__init__.py").write_text('__version__ = "9.1"\n')
    assert own.glance() is None  # as when dpkg has both versions' metadata for a moment
    assert not own.is_whole(whole)


def test_the_same_version_installed_anew_is_another_installation(installed, tmp_path):
    own = OwnFiles(str(tmp_path))
    installed.put_record(__version__)
    found = own.glance()
    assert found.version == own.running.version
    assert found != own.running


@pytest.mark.parametrize("line", ["watcher/rules.py,shake_128=abc,1", "x" * 200_000])
def test_a_record_that_makes_no_sense_proves_nothing(installed, tmp_path, line):
    own = OwnFiles(str(tmp_path))
    record = tmp_path / f"hrflow_watcher-{__version__}.dist-info" / "RECORD"
    record.write_text(record.read_text() + line + "\n")
    assert not own.is_whole(own.glance())


def test_an_empty_record_proves_nothing(installed, tmp_path):
    own = OwnFiles(str(tmp_path))
    (tmp_path / f"hrflow_watcher-{__version__}.dist-info" / "RECORD").write_text("")
    assert not own.is_whole(own.glance())


def test_without_a_record_only_the_version_counts(installed, tmp_path):
    (tmp_path / f"hrflow_watcher-{__version__}.dist-info" / "RECORD").unlink()
    own = OwnFiles(str(tmp_path))
    assert own.glance() == own.running
    installed.put_modules("9.0")
    assert own.glance() == Installed("9.0")


def test_where_nobody_can_tell_what_lies_there_no_upload_is_held_at_a_start(eventually):
    story = Story(found=None)
    eventually(lambda: story.files.looks > 5)
    story.renewal.stop()
    assert story.app.posted == []


def test_of_sources_only_the_version_counts(installed, tmp_path):
    for each in tmp_path.glob("*.dist-info"):
        (each / "RECORD").unlink()
        (each / "METADATA").unlink()
        each.rmdir()
    own = OwnFiles(str(tmp_path))
    assert own.places == (str(tmp_path / "watcher" / "__init__.py"),)
    (tmp_path / "watcher" / "rules.py").write_text("# a developer's change\n")
    assert own.glance() == own.running == Installed(__version__)
    installed.put_modules("9.0")
    assert own.glance() == Installed("9.0")
    assert own.is_whole(Installed("9.0"))
    os.unlink(tmp_path / "watcher" / "__init__.py")  # as in the middle of a checkout
    assert own.glance() is None


def test_a_frozen_program_has_metadata_alone(tmp_path):
    inside, program = tmp_path / "_internal", tmp_path / "hrflow-watcher"
    metadata = inside / f"hrflow_watcher-{__version__}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "RECORD").write_text("watcher/rules.py,sha256=abc,1\n")
    own = OwnFiles(str(inside), str(program))
    assert own.glance() == own.running
    metadata.rename(inside / "hrflow_watcher-9.0.dist-info")
    found = own.glance()
    assert found.version == "9.0"
    assert not own.is_whole(found)  # the program itself is not there
    program.touch(0o755)
    assert own.is_whole(found)
    (inside / f"hrflow_watcher-{__version__}.dist-info").mkdir()
    assert own.glance() is None  # two versions at once
    (tmp_path / "_internal").rename(tmp_path / "old")
    assert own.glance() is None  # install.sh is between two steps


# --- Whether it can take over ---------------------------------------------------------------------


def program(tmp_path, text):
    """A program that answers as ``text`` says; ``words`` are its arguments."""
    path = tmp_path / "program.py"
    path.write_text("import sys\nwords = sys.argv[1:]\n" + textwrap.dedent(text))
    return [sys.executable, str(path)]


GOOD = 'print("hrflow-watcher 9.0" if words == ["--version"] else "")'
TRIALS = [
    (GOOD, ""),
    ('print("hrflow-watcher 0.1")', "it says that it is 'hrflow-watcher 0.1'"),
    (GOOD + "\nif 'run' in words: import not_there", "ModuleNotFoundError: No module named 'not_there'"),
    (GOOD + "\nif 'check' in words: sys.exit('Error: A mistake.\\n  rows: unknown')", "A mistake. rows: unknown"),
    (GOOD + "\nif 'history' in words: sys.exit(6)", "it ends with exit code 6"),
    (GOOD + "\nif 'check' in words and '--state' not in words: sys.exit(6)", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), TRIALS)
def test_it_is_asked_for_all_that_it_needs(tmp_path, text, problem):
    places = ["--config", "a", "--state", "b"]
    command = program(tmp_path, text)
    assert try_out(command, "9.0", places, os.environ, with_config=True) == problem
    if "check" in text:  # nobody has set anything up
        assert try_out(command, "9.0", places, os.environ, with_config=False) == ""


def test_one_that_hangs_or_is_not_there_cannot_take_over(tmp_path):
    hanging = program(tmp_path, "import threading; threading.Event().wait()")
    said = try_out(hanging, "9.0", [], os.environ, with_config=False, seconds=0.5)
    assert said == "it has not answered within 0.5 seconds"
    said = try_out(["/nowhere/python"], "9.0", [], os.environ, with_config=False)
    assert said == "it cannot be started: No such file or directory"


# --- Taking over ----------------------------------------------------------------------------------

COMMANDS = [
    # A console script, a module with options of Python, and the .deb's isolated Python.
    (["p", "/v/bin/hrflow-watcher", "run"], ["/v/bin/hrflow-watcher", "run"], ["/v/bin/hrflow-watcher"]),
    (["p", "-X", "utf8", "-m", "watcher", "--state", "s", "run"], ["x", "--state", "s", "run"], ["-X", "utf8", "-m", "watcher"]),
    (["p", "-I", "/usr/bin/hrflow-watcher", "run"], ["/usr/bin/hrflow-watcher", "run"], ["-I", "/usr/bin/hrflow-watcher"]),
]  # fmt: skip


@pytest.mark.parametrize(("original", "arguments", "before"), COMMANDS)
def test_the_command_line_is_the_same(monkeypatch, original, arguments, before):
    monkeypatch.setattr(sys, "orig_argv", original)
    monkeypatch.setattr(sys, "argv", arguments)
    line = CommandLine.of_process()
    assert line.program == (sys.executable, *before)
    assert line.words == (sys.executable, *original[1:])


def test_a_frozen_program_is_its_own_python(monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "argv", ["/opt/hrflow-watcher", "run"])
    assert CommandLine.of_process().words == (sys.executable, "run")


def test_elsewhere_the_process_becomes_the_other_program():
    class GoneError(Exception):
        pass

    def execute(path, words, environ):
        raise GoneError(path, words, environ)

    with pytest.raises(GoneError) as gone:
        start_anew(("p", "run"), {"A": "1"}, windows=False, execute=execute)
    assert gone.value.args == ("p", ["p", "run"], {"A": "1"})


@pytest.fixture
def interrupts():
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def test_on_windows_one_parent_waits_however_often_it_is_replaced(interrupts):
    codes, calls = [_AGAIN, _AGAIN, 3], []

    def call(words, env):
        calls.append((words, env))
        return codes[len(calls) - 1]

    assert start_anew(("p", "run"), {"A": "1"}, windows=True, call=call) == 3
    assert calls == [(["p", "run"], {"A": "1", _CHILD: "1"})] * 3
    # The one that was started so only ends, and says that it is to be started again.
    assert start_anew(("p", "run"), calls[0][1], windows=True, call=call) == _AGAIN
    assert len(calls) == 3


# --- When -----------------------------------------------------------------------------------------


class Files:
    """What lies there, as a test says."""

    places = ("/nowhere",)

    def __init__(self, found=Installed("1")):  # noqa: B008 - a value
        self.running, self.found = Installed("1"), found
        self.whole = True
        self.looks = 0

    def glance(self):
        self.looks += 1
        return self.found

    def is_whole(self, found):
        return self.whole


class App:
    """A program in whose place nothing is under way unless a test says so."""

    def __init__(self):
        self.told, self.posted, self.busy = [], [], threading.Event()
        self.changed = None

    def watch_file(self, path, changed):
        self.changed = changed

    def note_update(self, update):
        self.told.append(update)

    def post(self, message):
        self.posted.append(message)
        if message == Drain() and not self.busy.is_set():
            self.renewal.hear(Drained())


class Story:
    def __init__(self, **lies_there):
        self.files, self.app, self.said, self.problem = Files(**lies_there), App(), [], ""
        self.tried, self.renewed = [], threading.Event()
        self.renewal = self.app.renewal = Renewal(
            self.files, self.try_out, renew=self.renewed.set, tell=self.said.append, rest=0.01
        )
        self.renewal.start(self.app)

    def try_out(self, version):
        self.tried.append(version)
        return self.problem

    def replace(self, found):
        self.files.found = found
        self.app.changed()


@pytest.fixture
def story():
    made = Story()
    yield made
    made.renewal.stop()


def test_it_is_looked_until_what_lies_there_is_whole(story, eventually):
    story.files.whole = False
    story.replace(None)
    looks = story.files.looks
    eventually(lambda: story.files.looks > looks + 5)
    story.replace(Installed("2", (1,)))
    looks = story.files.looks
    eventually(lambda: story.files.looks > looks + 5)
    assert not story.tried
    story.files.found = Installed("2", (2,))
    story.files.whole = True
    assert story.renewed.wait(10)
    assert story.tried == ["2"]
    assert story.app.told == [Update("2")]
    assert set(story.app.posted[:1] + story.app.posted[-1:]) == {Drain()}


def test_uploads_are_held_for_a_moment_only_while_there_is_half_a_version(story, eventually):
    story.replace(None)
    eventually(lambda: story.app.posted == [Drain(), Drain(on=False)])
    looks = story.files.looks
    eventually(lambda: story.files.looks > looks + 5)
    story.replace(story.files.running)  # the old one was put back
    looks = story.files.looks
    eventually(lambda: story.files.looks > looks)
    assert story.app.posted == [Drain(), Drain(on=False)]
    assert not story.said


def test_another_package_beside_it_holds_nothing(story, eventually):
    looks = story.files.looks
    story.app.changed()
    eventually(lambda: story.files.looks > looks)
    assert not story.app.posted


def test_what_is_under_way_is_waited_for(story, eventually):
    story.app.busy.set()
    story.replace(Installed("2"))
    eventually(lambda: story.app.told)
    assert not story.renewed.is_set()
    story.renewal.hear("something else")
    assert not story.renewed.is_set()
    story.renewal.hear(Drained())
    assert story.renewed.wait(10)


def test_one_that_is_replaced_meanwhile_does_not_take_over(story, eventually):
    story.app.busy.set()
    story.replace(Installed("2"))
    eventually(lambda: story.app.posted == [Drain(), Drain()])  # at the first sign, and for good
    story.app.busy.clear()
    story.files.found = Installed("3")
    story.renewal.hear(Drained())
    assert story.renewed.wait(10)
    assert story.app.posted == [Drain(), Drain(), Drain(on=False), Drain(), Drain()]
    assert story.app.told == [Update("2"), Update(), Update("3")]
    assert story.tried == ["2", "3"]


def test_a_broken_one_is_told_once_and_forgotten_when_the_old_one_is_back(story, eventually):
    story.problem = "it does not start"
    story.replace(Installed("2"))
    eventually(lambda: story.said)
    for _ in range(3):
        looks = story.files.looks
        story.app.changed()
        eventually(lambda looks=looks: story.files.looks > looks)
    assert story.tried == ["2"]
    (said,) = story.said
    assert said.startswith("The new version 2 cannot be used (it does not start). This one goes on")
    assert story.app.posted == [Drain(), Drain(on=False)]
    story.replace(story.files.running)
    eventually(lambda: story.app.told == [Update("2", "it does not start"), Update()])


def test_what_was_missing_for_a_moment_is_tried_again_without_a_word(story, eventually):
    story.problem = "it does not start"
    story.renewal._once_more = 0.01
    story.replace(Installed("2"))
    eventually(lambda: len(story.tried) > 3)
    assert len(story.said) == len(story.app.told) == 1
    story.problem = ""
    assert story.renewed.wait(10)


def test_an_end_ends_the_waiting(story):
    story.app.busy.set()
    story.replace(Installed("2"))
    assert wait_until(lambda: story.app.posted)
    story.renewal.stop()
    assert not story.renewal._thread.is_alive()
    assert not story.renewed.is_set()


def test_a_version_whose_trial_is_broken_off_by_an_end_is_not_said_to_be_bad(story):
    def end_meanwhile(version):
        story.renewal._stopping.set()  # as Ctrl-C ends what is being tried as well
        return "it ends with exit code -15"

    story.renewal._try_out = end_meanwhile
    story.replace(Installed("2"))
    story.renewal._thread.join(10)
    assert not story.renewal._thread.is_alive()
    assert (story.said, story.app.told) == ([], [])


def test_a_failure_to_look_ends_nothing(story, eventually, caplog):
    story.problem = None
    story.renewal._try_out = lambda version: 1 / 0
    story.replace(Installed("2"))
    eventually(lambda: "could not be looked at" in caplog.text)
    story.renewal._try_out = story.try_out
    story.problem = ""
    story.replace(Installed("3"))
    assert story.renewed.wait(10)
