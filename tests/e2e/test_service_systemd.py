"""The login service in the hands of a real systemd user manager; paths are as odd as they get."""

import json
import os
import signal
import sys

import pytest

from tests.support.desk import Process
from tests.support.installation import MEASURING, Installation
from tests.support.samples import make_pdf
from tests.support.user_manager import NoManagerError, UserManager
from watcher import sandbox as sb
from watcher.service.linux import quote

UNIT = "hrflow-watcher.service"
CONFIG = """
[account]
email = "{email}"
api_url = "{url}"

[[folders]]
path = {folder}
source_key = "{source}"
settle_seconds = 0.3
after_upload = "move"
"""
#: Times that fit a test; the rest of the unit is what is installed.
QUICK = """
[Service]
RestartSec=100ms
WatchdogSec={watchdog}
TimeoutAbortSec=1s
"""


class Office:
    """A person's account on a machine with systemd, HrFlow being the sandbox."""

    def __init__(self, manager, sandbox):
        self.manager = manager
        self.sandbox = sandbox
        self.config = manager.place / "config & all.toml"
        self.state = manager.place / "state"
        self.folder = manager.place / "dépôt"
        self.folder.mkdir()
        self.configure()
        manager.systemctl("set-environment", f"HRFLOW_API_KEY={sb.READ_WRITE_KEY}")
        null = "PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring"
        manager.systemctl("set-environment", null)

    def configure(self, more=""):
        text = CONFIG.format(
            email=sb.EMAIL, url=self.sandbox.url, folder=json.dumps(str(self.folder)),
            source=sb.ENGINEERING.key,
        )  # fmt: skip
        self.config.write_text(text + more, encoding="utf-8")

    def run(self, *arguments, code=0, **more):
        done = self.manager.run(
            sys.executable, "-m", "watcher", "--config", str(self.config), "--state",
            str(self.state), *arguments, **more,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr

    def status(self):
        return json.loads(self.run("service", "status", "--json"))

    def hurry(self, watchdog="2min", more=""):
        place = self.manager.home / ".config/systemd/user" / f"{UNIT}.d"
        place.mkdir(parents=True, exist_ok=True)
        (place / "quick.conf").write_text(QUICK.format(watchdog=watchdog) + more, encoding="utf-8")
        assert self.manager.systemctl("daemon-reload").returncode == 0

    def arrived(self):
        return [each for each in self.sandbox.ledger.records() if each.status in (201, 202)]

    def left(self):
        """Every file below the home folder."""
        found = (
            os.path.join(at, name) for at, _, names in os.walk(self.manager.home) for name in names
        )
        return sorted(os.path.relpath(each, self.manager.home) for each in found)


@pytest.fixture(scope="module")
def manager():
    try:
        made = UserManager()
    except NoManagerError as error:
        pytest.skip(f"no systemd user manager: {error}")
    yield made
    made.close()


@pytest.fixture
def office(manager):
    with sb.Sandbox(parse_seconds=0.1) as sandbox:
        made = Office(manager, sandbox)
        yield made
        made.run("service", "uninstall")
        manager.run("rm", "-rf", str(made.folder), str(made.state), str(manager.home / ".config"))


def test_from_install_to_uninstall(office, eventually):
    said = office.run("service", "install", HRFLOW_API_KEY=sb.READ_WRITE_KEY)
    assert "Starts automatically when you log in (systemd" in said
    assert "LoadCredential=hrflow-api-key:" in said
    status = office.status()
    assert (status["kind"], status["enabled"], status["current"]) == ("systemd", True, True)
    assert status["running"]
    assert str(status["pid"]) == office.manager.show(UNIT, "MainPID")
    assert office.manager.show(UNIT, "ActiveState") == "active"

    make_pdf(office.folder / "Élodie 100%.pdf", "a")
    eventually(office.arrived)
    eventually(lambda: os.listdir(office.folder) == ["Sent"])  # moved, under ProtectSystem=strict

    before = office.left()
    again = office.run("service", "install")
    assert "Starts automatically when you log in" in again
    assert office.status()["pid"] == status["pid"]  # nothing changed, so nothing was disturbed
    assert office.left() == before

    office.run("service", "restart")
    renewed = office.status()
    assert renewed["running"]
    assert renewed["pid"] != status["pid"]
    office.run("service", "stop")
    assert not office.status()["running"]
    assert "with exit code" not in office.run("service", "status")
    office.run("service", "start")
    assert office.status()["running"]

    office.run("service", "uninstall")
    assert office.left() == []
    assert office.manager.show(UNIT, "LoadState") == "not-found"
    assert "Not set to start at login" in office.run("service", "uninstall")
    assert "Not set to start at login" in office.run("service", "status")
    assert "service install" in office.run("service", "start", code=2)


def test_what_it_may_do_is_little(office):
    office.run("service", "install")
    pid = office.status()["pid"]
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        facts = dict(line.split(":\t", 1) for line in file.read().splitlines())
    assert facts["NoNewPrivs"] == "1"
    assert facts["Seccomp"] == "2"  # a filter is on
    assert int(facts["CapBnd"], 16) == 0
    with open(f"/proc/{pid}/mounts", encoding="utf-8") as file:
        mounts = {line.split()[1]: line.split()[3].split(",") for line in file}
    assert "ro" in mounts["/"]
    if not sys.prefix.startswith(("/tmp/", "/var/tmp/")):  # a private one would hide the program
        assert "/tmp" in mounts
    assert office.manager.systemctl("is-active", UNIT).stdout.strip() == "active"


def test_it_comes_back_when_it_is_killed_or_hangs(office, eventually):
    office.run("service", "install")
    office.hurry(watchdog="1s")
    office.run("service", "restart")
    for number in (signal.SIGKILL, signal.SIGSTOP):  # a crash; what hangs gives no signs of life
        pid = office.status()["pid"]
        os.kill(pid, number)
        eventually(lambda pid=pid: office.status()["pid"] not in (pid, None))
    assert office.status()["running"]
    make_pdf(office.folder / "later.pdf", "b")
    eventually(office.arrived)


def test_mistakes_need_a_person_and_are_not_tried_again(office, eventually):
    office.run("service", "install")
    office.hurry()
    office.run("service", "stop")
    office.configure("nonsense = 1\n")
    said = office.run("service", "start", code=1)
    assert "exit code 2 (mistakes in the configuration)" in said
    assert office.manager.show(UNIT, "ActiveState") == "failed"
    assert office.manager.show(UNIT, "NRestarts") == "0"
    status = office.status()
    assert status["last_exit_code"] == 2
    assert "nonsense" in status["last_error"]["text"]
    assert "nonsense" in office.run("service", "status")
    assert "nonsense" in office.run("service", "logs")
    office.configure()
    office.run("service", "start")
    assert office.status()["running"]


def test_a_login_starts_it(office):
    assert "Starts automatically when you log in" in office.run("service", "install", "--no-start")
    assert not office.status()["running"]
    started = office.manager.systemctl("start", "default.target")  # what a login does
    assert started.returncode == 0, started.stderr
    assert office.status()["running"]
    office.manager.systemctl("stop", "default.target")


def test_what_was_started_by_hand_is_left_alone(office, eventually):
    config, state = ("--config", str(office.config)), ("--state", str(office.state))
    command = office.manager.command(sys.executable, "-m", "watcher", *config, *state, "run")
    by_hand = Process(command, office.manager.environ(HRFLOW_API_KEY=sb.READ_WRITE_KEY))
    try:
        by_hand.wait_for("Watching")
        pid = office.status()["pid"]
        assert "started in another way" in office.run("service", "install")
        assert "Running since" in office.run("service", "start")
        office.run("service", "stop", code=1)
        assert office.status()["pid"] == pid
    finally:
        assert by_hand.end() == 0
    office.run("service", "start")
    assert office.status()["pid"] not in (pid, None)


def test_a_desktop_that_comes_later_is_told_to_it(office, eventually):
    office.run("service", "install")
    pid = office.status()["pid"]
    for display in (":77", ":78"):  # there was none; another one, as after a second login
        office.manager.systemctl("set-environment", f"DISPLAY={display}")
        # What the desktop's session starts, made of the entry by systemd itself.
        started = office.manager.systemctl("restart", "app-hrflow\\x2dwatcher@autostart.service")
        assert started.returncode == 0, started.stderr
        eventually(lambda pid=pid: office.status()["pid"] not in (pid, None))
        pid = office.status()["pid"]
        with open(f"/proc/{pid}/environ", "rb") as file:
            assert f"DISPLAY={display}".encode() in file.read().split(b"\0")
    office.manager.systemctl("unset-environment", "DISPLAY")


def test_the_key_as_a_credential(office, eventually):
    office.manager.systemctl("unset-environment", "HRFLOW_API_KEY")
    key = office.manager.runtime / "key"
    key.write_text(sb.READ_WRITE_KEY)
    office.run("service", "install", "--no-start")
    office.hurry(more=f"LoadCredential=hrflow-api-key:{key}\n")
    office.run("service", "start")
    make_pdf(office.folder / "cv.pdf", "a")
    eventually(office.arrived)
    assert "the systemd credential" in office.run("status")
    said = office.run("doctor")  # which has no such credential, and ends with 0
    assert "The running program reads the key from the systemd credential" in said


def test_a_credential_that_is_not_there_is_named(office):
    office.run("service", "install", "--no-start")
    absent = office.manager.runtime / "none"
    office.hurry(more=f"LoadCredential=hrflow-api-key:{absent}\nRestartSec=1min\n")
    said = office.run("service", "restart", code=1)
    assert "exit code 243 (systemd can't read the credential specified by LoadCredential=" in said
    assert "journalctl --user -u hrflow-watcher" in said
    assert "can't read the credential" in office.run("service", "status")


def test_after_an_update_the_new_version_is_started(office, eventually):
    installed = Installation(office.manager.place / "lib", "0.0.1")
    office.run("service", "install", "--no-start")
    own = " ".join(quote(f"{name}={value}") for name, value in installed.environ({}).items())
    office.hurry(more=f"Environment={own}\nUnsetEnvironment={' '.join(MEASURING)}\n")
    office.run("service", "start")
    pid = office.status()["pid"]
    assert office.status()["version"] == "0.0.1"

    installed.put("0.0.2")
    eventually(lambda: office.status()["version"] == "0.0.2")
    eventually(lambda: office.manager.show(UNIT, "ActiveState") == "active")
    assert office.status()["pid"] != pid
    assert office.manager.show(UNIT, "NRestarts") == "1"
    make_pdf(office.folder / "after.pdf", "c")
    eventually(office.arrived)
    office.run("service", "stop")
    assert office.manager.show(UNIT, "Result") == "success"


def test_systemd_finds_nothing_to_complain_of(office):
    office.run("service", "install", "--no-start")
    unit = office.manager.home / ".config/systemd/user" / UNIT
    done = office.manager.run("systemd-analyze", "--user", "verify", str(unit))
    assert (done.returncode, done.stderr.strip()) == (0, "")
    rated = office.manager.run("systemd-analyze", "--user", "security", "--no-pager", UNIT)
    (line,) = (line for line in rated.stdout.splitlines() if "Overall exposure" in line)
    assert float(line.partition(": ")[2].split()[0]) <= 3.0, line


def test_the_machines_configuration_is_read_in_its_own_place(office, eventually):
    """/etc as the service sees it: read-only, and that of a machine which somebody looks after."""
    etc = office.manager.runtime / "etc"
    script = f"""
        mkdir {etc} && mount -t tmpfs tmpfs {etc} && mkdir {etc}/upper {etc}/work &&
        mount -t overlay overlay -o lowerdir=/etc,upperdir={etc}/upper,workdir={etc}/work /etc &&
        mkdir /etc/hrflow-watcher
    """
    if office.manager.run("sh", "-c", script).returncode:
        pytest.skip("no other /etc can be laid over the machine's here")
    try:
        machine = CONFIG.format(
            email=sb.EMAIL, url=office.sandbox.url, folder=json.dumps(str(office.folder)),
            source=sb.ENGINEERING.key,
        )  # fmt: skip
        write = ("sh", "-c", 'printf %s "$1" > /etc/hrflow-watcher/config.toml', "sh", machine)
        assert office.manager.run(*write).returncode == 0
        office.config.write_text("[defaults]\ntags = { team = 'HR' }\n", encoding="utf-8")
        said = office.run("config", "check")
        assert "together with /etc/hrflow-watcher/config.toml, is fine: 1 folder." in said
        office.run("service", "install")
        make_pdf(office.folder / "a.pdf", "a")
        eventually(office.arrived)
        (record,) = office.arrived()
        assert "team" in dict(record.fields)["tags"]
    finally:
        office.run("service", "stop")
        office.manager.run("sh", "-c", f"umount -l /etc; umount -l {etc}; rmdir {etc}")
