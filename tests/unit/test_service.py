"""What is installed for the login, as text; and what is asked of Windows and macOS, recorded."""

import os
import plistlib
import re
import socket
import sys
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.config import default_path
from watcher.daemon.login_service import describe_exit, name_places, where_to_look
from watcher.daemon.state_folder import default_state
from watcher.doctor.findings import Level
from watcher.doctor.program import judge_service
from watcher.model.errors import UnusableError, WatcherError
from watcher.service import choose
from watcher.service.common import (
    Definition,
    Done,
    Installed,
    Program,
    insist,
    read_file,
    run_program,
    write_file,
)
from watcher.service.linux import (
    Autostart,
    Systemd,
    has_user_manager,
    may_have_namespaces,
    quote,
    quote_exec_start,
    render_entry,
    render_unit,
    xdg_folder,
)
from watcher.service.macos import LABEL, Launchd, render_agent
from watcher.service.windows import Scheduler, find_unwritable, render_task

ODD = "/home/zoë/My \"CVs\" 100% $HOME 'x' \\ ;"
WANTED = Definition(
    command=(f"{ODD}/bin/hrflow-watcher", "--config", f"{ODD}/config.toml", "run", "--quiet"),
    writable=("/data/cvs", "/data/cvs/Sent", "/home/zoë/x", "/media/usb"),
    home="/home/zoë",
    errors="/Users/zoë/Library/Logs/hrflow-watcher.log",
)


class Recorder:
    """Stands in for the programs of systems that are not here: remembers, and answers."""

    def __init__(self, **answers):
        self.calls = []
        self._answers = answers

    def __call__(self, command):
        self.calls.append(list(command))
        for word, answer in self._answers.items():
            if word in command or f"/{word}" in command:
                return answer.pop(0) if isinstance(answer, list) else answer
        return Done(0)

    def taken(self):
        calls, self.calls = self.calls, []
        return calls


# --- The unit -----------------------------------------------------------------------------------


def lines_of(text, name):
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{name}=")]


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("plain", '"plain"'),
        ("two words", '"two words"'),
        ('a "b"', '"a \\"b\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("100%", '"100%%"'),  # no specifier
        ("a\nb\tc", '"a\\x0ab\\x09c"'),  # the unit keeps its lines
        ("Zoë", '"Zoë"'),
        ("caf\udce9", '"caf\\xe9"'),  # no UTF-8
        ("", '""'),
    ],
)
def test_words_of_a_unit(text, quoted):
    assert quote(text) == quoted


def test_a_dollar_is_no_variable_in_arguments_and_never_one_in_the_program():
    assert quote_exec_start(["/$a/b", "$HOME", "${X}"]) == '"/$a/b" "$$HOME" "$${X}"'


def test_where_it_may_write():
    text = render_unit(WANTED, version=252, namespaces=True)
    written = lines_of(text, "ReadWritePaths")
    assert written == ["-%h", "-/media", "-/mnt", "-/run/media", "-/srv", '"-/data/cvs"']


def test_no_private_tmp_where_it_would_hide_what_is_watched():
    text = render_unit(WANTED, version=252, namespaces=True)
    assert lines_of(text, "PrivateTmp") == ["yes"]
    assert lines_of(text, "BindReadOnlyPaths") == ["-/tmp/.X11-unix"]
    in_tmp = Definition(("/x",), writable=("/tmp/cvs",), home="/home/zoë")
    text = render_unit(in_tmp, version=252, namespaces=True)
    assert lines_of(text, "PrivateTmp") == []
    assert '"-/tmp/cvs"' in lines_of(text, "ReadWritePaths")
    text = render_unit(Definition(("/tmp/venv/bin/x",)), version=252, namespaces=True)
    assert lines_of(text, "PrivateTmp") == []  # it would hide the program itself
    assert lines_of(render_unit(Definition(("/x",), writable=("/tmpfs/cvs",)), version=252,
                                namespaces=True), "PrivateTmp") == ["yes"]  # fmt: skip


def test_what_a_system_cannot_do_is_not_asked_of_it():
    without = render_unit(WANTED, version=252, namespaces=False)
    assert lines_of(without, "PrivateUsers") == lines_of(without, "CapabilityBoundingSet") == []
    assert lines_of(without, "NoNewPrivileges") == ["yes"]
    assert lines_of(without, "RestartSteps") == []
    newer = render_unit(WANTED, version=254, namespaces=True)
    assert lines_of(newer, "RestartSteps") == ["6"]
    assert lines_of(newer, "PrivateUsers") == ["yes"]


# --- The desktop entry ------------------------------------------------------------------------


ESCAPES = {"\\": "\\", "n": "\n", "t": "\t", "r": "\r", "s": " "}


def read_exec(text):
    """What a desktop makes of Exec=, by the words of the specification: value first, then words."""
    (value,) = lines_of(text, "Exec")
    unescaped = re.sub(r"\\(.)", lambda found: ESCAPES[found[1]], value)
    words = re.findall(r'"((?:[^"\\]|\\.)*)"', unescaped, re.DOTALL)
    return [re.sub(r"\\(.)", r"\1", word, flags=re.DOTALL).replace("%%", "%") for word in words]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20), min_size=1))
def test_every_word_of_an_entry_comes_back(words):
    assert read_exec(render_entry(words)) == words


def test_an_entry_with_odd_paths():
    text = render_entry(WANTED.command)
    assert read_exec(text) == list(WANTED.command)
    assert text.startswith("[Desktop Entry]\nType=Application\n")
    assert lines_of(text, "Terminal") == ["false"]


# --- macOS ------------------------------------------------------------------------------------

#: Keys of launchd.plist(5), each with the types that it may have.
AGENT_KEYS = {
    "Label": str, "ProgramArguments": list, "RunAtLoad": bool, "KeepAlive": (bool, dict),
    "ThrottleInterval": int, "ExitTimeOut": int, "ProcessType": str, "Umask": int,
    "LimitLoadToSessionType": (str, list), "StandardOutPath": str, "StandardErrorPath": str,
}  # fmt: skip


def test_the_agent_is_what_launchd_reads():
    agent = plistlib.loads(render_agent(WANTED))
    for key, value in agent.items():
        assert isinstance(value, AGENT_KEYS[key]), key
    assert agent["ProgramArguments"] == list(WANTED.command)
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    assert agent["ThrottleInterval"] >= 10  # launchd's own least
    assert agent["ProcessType"] in ("Background", "Standard", "Adaptive", "Interactive")


def test_what_launchd_is_asked(tmp_path):
    loaded, gone = Done(0, "state = running"), Done(113, "", "Could not find service")
    run = Recorder(print=[loaded, loaded, loaded, loaded, gone, gone, loaded, gone, gone])
    wanted = Definition(("/x",), errors=str(tmp_path / "errors.log"))
    pauses = []
    service = Launchd(wanted, str(tmp_path / "Zoë's agents"), 501, run, pauses.append)
    target = f"gui/501/{LABEL}"
    show = ["launchctl", "print", target]
    assert service.look() is None
    assert service.install()
    assert not service.install()
    assert run.taken() == [["launchctl", "enable", target]] * 2
    service.start()
    assert run.taken() == [show, ["launchctl", "kickstart", target]]
    service.stop()
    service.start()
    assert run.taken() == [
        show, ["launchctl", "bootout", target], show, show, show,  # until it is unloaded
        show, ["launchctl", "bootstrap", "gui/501", service.file],
    ]  # fmt: skip
    assert len(pauses) == 2
    (tmp_path / "errors.log").write_text("x")
    assert service.look() == Installed(service.file, enabled=True, current=True)
    assert service.uninstall()
    assert os.listdir(tmp_path) == ["Zoë's agents"]
    assert os.listdir(tmp_path / "Zoë's agents") == []
    assert not service.uninstall()


def test_an_agent_that_is_not_loaded_is_loaded(tmp_path):
    run = Recorder(print=Done(113, "", "Could not find service"))
    service = Launchd(Definition(("/x",)), str(tmp_path), 501, run)
    service.install()
    run.taken()
    service.stop()
    service.start()
    assert run.taken()[1:] == [
        ["launchctl", "print", f"gui/501/{LABEL}"],
        ["launchctl", "bootstrap", "gui/501", service.file],
    ]


def test_how_an_agent_ended(tmp_path):
    run = Recorder(print=Done(0, "\tstate = not running\n\tlast exit code = 2\n"))
    service = Launchd(Definition(("/x",)), str(tmp_path), 501, run)
    service.install()
    assert service.look().exit_code == 2


# --- Windows ----------------------------------------------------------------------------------

SPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
BOOLEAN = {"true", "false"}
#: Elements by their path, with what the published schema allows in them: names of children in
#: any order (a set), in this order (a list), or a judgement of the text.
SCHEMA = {
    "Task": {"RegistrationInfo", "Triggers", "Settings", "Data", "Principals", "Actions"},
    "RegistrationInfo": {"URI", "SecurityDescriptor", "Source", "Date", "Author", "Version",
                         "Description", "Documentation"},
    "Description": str,
    "Triggers": {"LogonTrigger"},
    "LogonTrigger": ["Enabled", "StartBoundary", "EndBoundary", "Repetition",
                     "ExecutionTimeLimit", "UserId", "Delay"],
    "Principals": {"Principal"},
    "Principal": {"UserId", "LogonType", "GroupId", "DisplayName", "RunLevel"},
    "UserId": len,
    "LogonType": {"S4U", "Password", "InteractiveToken", "InteractiveTokenOrPassword"}.__contains__,
    "RunLevel": {"LeastPrivilege", "HighestAvailable"}.__contains__,
    "Settings": {"AllowStartOnDemand", "RestartOnFailure", "MultipleInstancesPolicy",
                 "DisallowStartIfOnBatteries", "StopIfGoingOnBatteries", "AllowHardTerminate",
                 "StartWhenAvailable", "RunOnlyIfNetworkAvailable", "WakeToRun", "Enabled",
                 "Hidden", "DeleteExpiredTaskAfter", "IdleSettings", "NetworkSettings",
                 "ExecutionTimeLimit", "Priority", "RunOnlyIfIdle"},
    "RestartOnFailure": {"Interval", "Count"},
    "Interval": lambda text: text.startswith("PT") and int(text[2:-1]) >= 1 and text[-1] == "M",
    "Count": lambda text: 1 <= int(text) <= 255,
    "MultipleInstancesPolicy": {"Parallel", "Queue", "IgnoreNew", "StopExisting"}.__contains__,
    "IdleSettings": {"Duration", "WaitTimeout", "StopOnIdleEnd", "RestartOnIdle"},
    "Delay": lambda text: text.startswith("PT"),
    "ExecutionTimeLimit": lambda text: text.startswith("PT"),
    "Priority": lambda text: 0 <= int(text) <= 10,
    "Actions": {"Exec"},
    "Exec": {"Command", "Arguments", "WorkingDirectory"},
    "Command": lambda text: 1 <= len(text) <= 260,
    "WorkingDirectory": lambda text: 1 <= len(text) <= 260,
    "Arguments": str,
}  # fmt: skip


def assert_fits(element):
    name = element.tag.removeprefix(SPACE)
    rule = SCHEMA.get(name, BOOLEAN.__contains__)
    children = [child.tag.removeprefix(SPACE) for child in element]
    if callable(rule):
        assert rule(element.text or "") not in (False, 0), (name, element.text)
        assert children == []
        return
    assert set(children) <= set(rule), name
    if isinstance(rule, list):
        assert children == [each for each in rule if each in children], name
    if name not in ("Triggers", "Actions", "Principals"):
        assert len(children) == len(set(children)), name
    for child in element:
        assert_fits(child)


def read_arguments(line):
    """How the C runtime takes a command line apart."""
    words, word, inside, begun, at = [], "", False, False, 0
    while at < len(line):
        slashes = len(line[at:]) - len(line[at:].lstrip("\\"))
        after = line[at + slashes : at + slashes + 1]
        if slashes and after == '"':
            word += "\\" * (slashes // 2)
            at += slashes
            begun = True
            if slashes % 2:
                word += '"'
                at += 1
        elif slashes:
            word, begun, at = word + "\\" * slashes, True, at + slashes
        elif line[at] == '"':
            inside, begun, at = not inside, True, at + 1
        elif line[at] in " \t" and not inside:
            if begun:
                words.append(word)
            word, begun, at = "", False, at + 1
        else:
            word, begun, at = word + line[at], True, at + 1
    return [*words, word] if begun else words


WINDOWS = Definition(
    command=("C:\\Program Files\\Zoë & <Co>\\pythonw.exe", "-P", "-m", "watcher", "--config",
             'C:\\Users\\Zoë\\a "b" 5%\\', "run", "--quiet"),
    home="C:\\Users\\Zoë",
)  # fmt: skip


def test_the_task_fits_the_schema():
    task = ET.fromstring(render_task(WINDOWS, "OFFICE\\Zoë & Co").encode("utf-16"))
    assert task.tag == f"{SPACE}Task"
    assert_fits(task)
    program, *arguments = WINDOWS.command
    assert task.find(f".//{SPACE}Command").text == program
    assert read_arguments(task.find(f".//{SPACE}Arguments").text) == arguments
    assert {each.text for each in task.iter(f"{SPACE}UserId")} == {"OFFICE\\Zoë & Co"}
    context = task.find(f"{SPACE}Actions").get("Context")
    assert context == task.find(f".//{SPACE}Principal").get("id")
    for battery in ("DisallowStartIfOnBatteries", "StopIfGoingOnBatteries"):
        assert task.find(f".//{SPACE}{battery}").text == "false"


def test_the_schema_finds_what_it_is_there_for():
    text = render_task(WINDOWS, "Zoë")
    for old, new in (
        ("<Count>255</Count>", "<Count>256</Count>"),
        ("<UserId>Zoë</UserId>", "<UserId></UserId>"),
        ("<StopOnIdleEnd>false</StopOnIdleEnd>", "<StopOnIdleEnd>no</StopOnIdleEnd>"),
        ("<StopOnIdleEnd>false</StopOnIdleEnd>", "<StopIdle>false</StopIdle>"),
        ("<LogonTrigger>", "<LogonTrigger><Delay>PT1S</Delay>"),
    ):
        assert old in text
        with pytest.raises(AssertionError):
            assert_fits(ET.fromstring(text.replace(old, new).encode("utf-16")))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)))
def test_every_argument_of_a_task_comes_back(arguments):
    task = ET.fromstring(render_task(Definition(("x", *arguments), home="h"), "u").encode("utf-16"))
    assert read_arguments(task.find(f".//{SPACE}Arguments").text or "") == arguments


@pytest.mark.parametrize(
    ("word", "is_fine"),
    [
        ("C:\\5% of 10%", False),  # between the two is a variable's name
        ("C:\\100%", True),
        ("$(Arg0)", False),
        ("C:\\Zoë", True),
        ("a\x01", False),  # no XML has it
    ],
)
def test_what_the_task_scheduler_would_replace(word, is_fine):
    assert find_unwritable(["fine", word]) == ("" if is_fine else word)


def test_what_schtasks_is_asked(tmp_path):
    run = Recorder(Query=Done(1, "", "ERROR: The system cannot find the file specified."))
    service = Scheduler(WINDOWS, "OFFICE\\Zoë/x", str(tmp_path), run)
    task = "hrflow-watcher Zoë-x"
    assert service.look() is None
    run.taken()
    assert service.install()
    create = ["schtasks", "/Create", "/TN", task, "/XML", service.file, "/F"]
    assert run.taken() == [create]
    assert ET.fromstring((tmp_path / "login-task.xml").read_bytes()).tag == f"{SPACE}Task"
    service.start()
    service.stop()
    words = [call[1] for call in run.taken()]
    assert words == ["/Run", "/End"]
    assert service.uninstall()  # nobody knows the task any more, its file goes
    assert os.listdir(tmp_path) == []
    assert not service.uninstall()


def test_a_task_that_is_there(tmp_path):
    shown = '"PC","\\\\hrflow-watcher Zoë","N/A","Ready","Interactive","24/11/2026","2","OFFICE"'
    run = Recorder(Query=Done(0, shown))
    service = Scheduler(WINDOWS, "OFFICE\\Zoë", str(tmp_path), run)
    service.install()
    assert not service.install()  # the same again
    assert service.look() == Installed(
        "hrflow-watcher Zoë", enabled=True, current=True, exit_code=2
    )
    run.taken()
    assert service.uninstall()
    assert [call[1] for call in run.taken()] == ["/Query", "/End", "/Delete"]
    still = Scheduler(
        WINDOWS, "Zoë", str(tmp_path), Recorder(Query=Done(0, shown.replace('"2"', '"267009"')))
    )
    assert still.look().exit_code is None  # it runs


def test_a_path_that_windows_would_change_is_refused(tmp_path):
    run = Recorder()
    wanted = Definition(("C:\\%TEMP%\\x.exe",), home="C:\\")
    with pytest.raises(UnusableError, match="%TEMP%"):
        Scheduler(wanted, "Zoë", str(tmp_path), run).install()
    assert run.calls == []


# --- systemd and autostart, recorded --------------------------------------------------------------


def test_what_systemctl_is_asked(tmp_path):
    run = Recorder(
        **{"--version": Done(0, "systemd 252 (252.38)\n"), "is-enabled": Done(0, "enabled\n")}
    )
    service = Systemd(WANTED, str(tmp_path), run, namespaces=True)
    assert service.look() is None
    assert service.install()
    verbs = [call[3] for call in run.taken() if call[1] == "--user"]
    assert verbs == ["daemon-reload", "is-enabled", "enable"]
    assert not service.install()
    assert service.look().current
    changed = Systemd(Definition(("/other",)), str(tmp_path), run, namespaces=True)
    assert not changed.look().current
    run.taken()
    assert service.uninstall()
    verbs = [call[3] for call in run.taken()]
    assert verbs == ["disable", "daemon-reload", "reset-failed"]
    assert os.listdir(tmp_path) == []


def test_an_autostart_entry_that_was_switched_off(tmp_path):
    ended = []
    service = Autostart(WANTED, str(tmp_path), ended.append, lambda: ended.append("end"))
    assert service.install()
    assert not service.install()
    assert service.look() == Installed(service.file, enabled=True, current=True)
    write_file(service.file, read_file(service.file) + b"Hidden=true\n")
    assert not service.look().enabled
    service.start()
    assert ended == [WANTED.command]
    assert service.uninstall()
    assert ended[-1] == "end"
    assert os.listdir(tmp_path) == []


# --- Which way, and which program ----------------------------------------------------------------


def test_a_user_manager_is_known_by_its_socket(tmp_path):
    assert not has_user_manager({})
    assert not has_user_manager({"XDG_RUNTIME_DIR": "relative"})
    assert not has_user_manager({"XDG_RUNTIME_DIR": str(tmp_path)})
    (tmp_path / "systemd").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "systemd" / "private"))
        assert has_user_manager({"XDG_RUNTIME_DIR": str(tmp_path)})


@pytest.mark.parametrize(
    ("files", "may"),
    [
        ({"user/max_user_namespaces": "15000"}, True),
        ({"user/max_user_namespaces": "0"}, False),
        ({}, False),  # a kernel without
        ({"user/max_user_namespaces": "9", "kernel/unprivileged_userns_clone": "0"}, False),
        ({"user/max_user_namespaces": "9", "kernel/unprivileged_userns_clone": "1"}, True),
        (
            {"user/max_user_namespaces": "9", "kernel/apparmor_restrict_unprivileged_userns": "1"},
            False,
        ),
    ],
)
def test_whether_people_may_have_namespaces(tmp_path, files, may):
    for name, text in files.items():
        place = tmp_path / "sys" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text + "\n")
    assert may_have_namespaces(str(tmp_path)) is may


def test_the_folder_of_settings():
    assert xdg_folder({}, "XDG_CONFIG_HOME", "/zoë/.config") == "/zoë/.config"
    assert xdg_folder({"XDG_CONFIG_HOME": "/x"}, "XDG_CONFIG_HOME", "/zoë/.config") == "/x"
    assert xdg_folder({"XDG_CONFIG_HOME": "x"}, "XDG_CONFIG_HOME", "/zoë/.config") == "/zoë/.config"


def test_which_way_each_system_has(tmp_path, monkeypatch):
    def kind(platform, environ):
        monkeypatch.setattr("sys.platform", platform)
        made = choose(WANTED, environ, Recorder(), folder=str(tmp_path), spawn=print, end=print)
        monkeypatch.undo()
        return made.kind

    assert kind("linux", {}) == "autostart"
    assert kind("darwin", {}) == "launchd"
    assert kind("win32", {"USERDOMAIN": "OFFICE", "USERNAME": "zoe"}) == "task scheduler"


def test_the_command_that_starts_this_program(tmp_path):
    python = str(tmp_path / "python")
    assert Program(python, frozen=True, windows=False).command() == (python,)
    assert Program(python, frozen=False, windows=False).command() == (python, "-P", "-m", "watcher")
    script = tmp_path / "hrflow-watcher"
    script.write_text("")
    script.chmod(0o755)
    assert Program(python, frozen=False, windows=False).command() == (str(script),)
    assert Program(python, frozen=False, windows=True).command() == (python, "-P", "-m", "watcher")
    (tmp_path / "pythonw.exe").write_text("")
    assert Program(python, frozen=False, windows=True).command()[0].endswith("pythonw.exe")
    assert Program(python, frozen=True, windows=True).command() == (python,)
    (tmp_path / "hrflow-watcherw.exe").write_text("")  # without a console window
    assert Program(python, frozen=True, windows=True).command()[0].endswith("watcherw.exe")
    assert os.path.isabs(Program.of_process().command()[0])


def test_what_a_login_would_not_know_is_named(monkeypatch):
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    config, state = default_path({}), default_state({})
    assert name_places(config, state, {}) == []
    assert name_places("/my/config.toml", state, {}) == ["--config", "/my/config.toml"]
    assert name_places(config, "/my/state", {}) == ["--state", "/my/state"]
    # What is set in this terminal is not set at login.
    named = {"HRFLOW_WATCHER_CONFIG": "/c.toml", "HRFLOW_WATCHER_STATE": "/s"}
    assert name_places("/c.toml", "/s", named) == ["--config", "/c.toml", "--state", "/s"]
    assert name_places(config, state, {"XDG_CONFIG_HOME": "/x"}) == ["--config", config]


# --- Programs of the system ----------------------------------------------------------------------


def test_a_program_that_fails_is_quoted():
    assert run_program([sys.executable, "-c", "print('é')"]).out.strip() == "é"
    with pytest.raises(WatcherError, match=r"code 3: no, not today\."):
        insist(
            run_program,
            sys.executable,
            "-c",
            "import sys; print('no,\\nnot today', file=sys.stderr); sys.exit(3)",
        )
    with pytest.raises(WatcherError, match="can't be started"):
        run_program(["/nowhere/at all"])


def test_a_program_that_hangs_is_given_up(monkeypatch):
    monkeypatch.setattr("watcher.service.common.PATIENCE", 0.2)
    with pytest.raises(WatcherError, match="did not answer"):
        run_program([sys.executable, "-c", "import time; time.sleep(60)"])


# --- Judgements -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("installed", "running", "level", "said"),
    [
        (None, False, Level.WARNING, "not set to start at login"),
        (None, True, Level.WARNING, "is running, but not set to start at login"),
        (Installed("f", enabled=True, current=True), True, Level.OK, "every login"),
        (
            Installed("f", enabled=True, current=True, exit_code=2),
            False,
            Level.ERROR,
            "mistakes in the configuration",
        ),
        (Installed("f", enabled=True, current=True), False, Level.ERROR, "not running"),
        (
            Installed("f", enabled=False, current=True),
            True,
            Level.WARNING,
            "disabled",
        ),
        (Installed("f", enabled=True, current=False), True, Level.WARNING, "another version"),
    ],
)
def test_what_the_doctor_says_of_it(installed, running, level, said):
    finding = judge_service("systemd", installed, running=running)
    assert finding.level is level
    assert said in str(finding.text)
    assert bool(finding.advice) == (level is not Level.OK)


def test_how_a_run_ended():
    assert (
        str(describe_exit(6))
        == "it stopped with exit code 6 (the history or the program's own folder can't be used)"
    )
    assert str(describe_exit(99)) == "it stopped with exit code 99"
    credential = "systemd can't read the credential specified by LoadCredential="
    assert str(describe_exit(243)) == f"it stopped with exit code 243 ({credential})"
    assert where_to_look(243) == "journalctl --user -u hrflow-watcher"
    assert where_to_look(2) == "hrflow-watcher service logs"
