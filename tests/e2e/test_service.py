"""The login service where there is no service manager, its log, and signs of life for one."""

import fcntl
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading

import pytest

from tests.support.desk import Desk, Process
from tests.support.samples import make_pdf
from tests.support.waiting import PATIENCE, wait_until
from watcher import sandbox as sb
from watcher.daemon.event_log import find_last_error, last_lines
from watcher.daemon.service_manager import ServiceManager
from watcher.model.errors import UnusableError
from watcher.pipeline.messages import Ping
from watcher.service.common import Definition
from watcher.service.linux import render_unit
from watcher.system import write_atomically


@pytest.fixture
def odd(tmp_path):
    """A desk in a folder whose name is hard to quote; what was started there is ended."""
    root = tmp_path / 'Zoë\'s 100% "CVs" $5 `x`\\'
    root.mkdir()
    with sb.Sandbox(parse_seconds=0.1) as sandbox:
        made = Desk(root, sandbox)
        made.configure()
        made.config.write_text(
            made.config.read_text(encoding="utf-8").replace(
                f'path = "{made.folder}"', f"path = {json.dumps(str(made.folder))}"
            ),
            encoding="utf-8",
        )
        yield made
        for process in made.processes:
            process.end()
        made.run("service", "uninstall")


def entry_of(desk):
    return desk.root / "settings" / "autostart" / "hrflow-watcher.desktop"


def status(desk):
    done = desk.run("service", "status", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# --- Autostart ----------------------------------------------------------------------------------


def test_from_install_to_uninstall(odd):
    done = odd.run("service", "install")
    assert done.returncode == 0, done.stderr
    assert "Starts automatically when you log in (autostart" in done.stdout
    assert "HRFLOW_API_KEY is set here, but not at login" in done.stdout
    assert "Without a keyring, set HRFLOW_API_KEY in every session" in done.stdout
    first = status(odd)
    assert (first["kind"], first["enabled"], first["current"]) == ("autostart", True, True)
    assert first["running"]
    text = entry_of(odd).read_bytes()
    assert odd.key.encode() not in text
    assert odd.run("service", "install").returncode == 0
    assert (status(odd)["pid"], entry_of(odd).read_bytes()) == (first["pid"], text)
    said = odd.run("doctor").stdout
    assert "✓ Automatic start The program starts at every login (autostart) and is running" in said
    assert odd.run("service", "restart").returncode == 0
    second = status(odd)
    assert second["running"]
    assert second["pid"] != first["pid"]
    assert odd.run("service", "stop").returncode == 0
    assert not status(odd)["running"]
    assert "Not running" in odd.run("service", "status").stdout
    how = "Start it with: hrflow-watcher service start"
    assert f"Not running. {how}" in odd.run("status").stdout
    assert f"not running, so no files are uploaded. → {how}" in odd.run("doctor").stdout
    done = odd.run("service", "start")
    assert "Running since" in done.stdout
    done = odd.run("service", "uninstall")
    assert (done.returncode, "No longer starts at login" in done.stdout) == (0, True)
    assert not entry_of(odd).parent.exists()
    facts = status(odd)
    assert (facts["installed"], facts["running"]) == (False, False)
    assert "Start it with: hrflow-watcher run" in odd.run("status").stdout


def test_another_version_takes_the_place_of_the_one_that_runs(odd):
    assert odd.run("service", "install").returncode == 0
    before = status(odd)
    place = odd.root / "state" / "instance.json"
    write_atomically(
        str(place), json.dumps({**json.loads(place.read_text()), "version": "0.0.1"}).encode()
    )
    assert odd.run("service", "install").returncode == 0
    after = status(odd)
    assert after["running"]
    assert (after["pid"] == before["pid"], after["version"]) == (False, before["version"])


def test_what_a_desktop_has_switched_off_is_switched_on_again(odd):
    assert odd.run("service", "install", "--no-start").returncode == 0
    with open(entry_of(odd), "a", encoding="utf-8") as file:
        file.write("Hidden=true\n")
    assert "switched off (autostart" in odd.run("service", "status").stdout
    assert odd.run("service", "install", "--no-start").returncode == 0
    assert "Starts automatically when you log in (autostart" in odd.run("service", "status").stdout


def test_a_place_that_cannot_be_written(odd):
    (odd.root / "settings").write_text("a file, not a folder")
    done = odd.run("service", "install")
    assert (done.returncode, "can't be written (Not a directory)" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr
    (odd.root / "settings").unlink()


@pytest.mark.skipif(not shutil.which("gio"), reason="there is no gio (Debian: libglib2.0-bin)")
def test_a_login_starts_it(odd, eventually):
    assert odd.run("service", "install", "--no-start").returncode == 0
    assert not status(odd)["running"]
    make_pdf(odd.folder / "cv.pdf", "a")
    login = subprocess.run(
        ["gio", "launch", str(entry_of(odd))], env=odd.environ(), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert login.returncode == 0
    eventually(odd.arrived)
    assert status(odd)["running"]


@pytest.mark.skipif(
    not shutil.which("desktop-file-validate"),
    reason="there is no desktop-file-validate (Debian: desktop-file-utils)",
)
def test_an_entry_of_the_file_manager_sends_files_as_long_as_it_is_installed(odd):
    programs = odd.root / "bin"
    programs.mkdir()
    for name, text in (
        ("nautilus", ""),
        ("notify-send", f'cat > /dev/null; echo "$@" > {shlex.quote(str(odd.root / "said"))}'),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    path = {"PATH": f"{programs}:{os.environ['PATH']}"}
    assert odd.run("service", "install", "--no-start", **path).returncode == 0
    script = odd.root / "data" / "nautilus" / "scripts" / "Send to HrFlow"
    make_pdf(odd.root / "my CV.pdf", "cv")
    subprocess.run([str(script), str(odd.root / "my CV.pdf")], env=odd.environ(**path),
                   stdin=subprocess.DEVNULL, timeout=PATIENCE, check=True)  # fmt: skip
    assert os.listdir(odd.folder) == ["my CV.pdf"]
    assert "1 file added to" in (odd.root / "said").read_text()
    assert odd.run("service", "uninstall", **path).returncode == 0
    assert not (odd.root / "data" / "nautilus").exists()


def test_file_managers_follow_the_watched_folders(odd, eventually):
    programs = odd.root / "bin"
    programs.mkdir()
    (programs / "nautilus").write_text("#!/bin/sh\n")
    (programs / "nautilus").chmod(0o755)
    path = {"PATH": f"{programs}:{os.environ['PATH']}"}

    def entries():
        return sorted(each.name for each in (odd.root / "data/nautilus/scripts").glob("*"))

    more = str(odd.root / "Lyon")
    assert odd.run("service", "install", **path).returncode == 0
    added = odd.run(
        "folder", "add", more, "--source", sb.SALES.key, "--no-check", "--create", **path
    )
    assert added.returncode == 0, added.stderr
    eventually(
        lambda: entries() == ["Send to HrFlow – Lyon", f"Send to HrFlow – {odd.folder.name}"]
    )
    assert odd.run("service", "stop", **path).returncode == 0
    assert odd.run("folder", "remove", more, "--yes", **path).returncode == 0
    assert odd.run("service", "start", **path).returncode == 0
    eventually(lambda: entries() == ["Send to HrFlow"])


def test_the_entry_is_valid(odd):
    assert odd.run("service", "install", "--no-start").returncode == 0
    done = subprocess.run(
        ["desktop-file-validate", str(entry_of(odd))], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="there is no systemd-analyze (Debian: systemd)"
)
def test_the_unit_is_valid_where_no_manager_runs(tmp_path):
    wanted = Definition((sys.executable, 'a b % $x é "q"'), writable=('/é %x "q"',), home="/home/x")
    unit = tmp_path / "hrflow-watcher.service"
    for namespaces in (True, False):
        unit.write_text(render_unit(wanted, version=252, namespaces=namespaces), encoding="utf-8")
        done = subprocess.run(
            ["systemd-analyze", "--user", "verify", str(unit)],
            env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr.strip()) == (0, "")


def test_what_cannot_start_says_why(odd):
    assert odd.run("service", "install", "--no-start").returncode == 0
    odd.config.write_text(
        odd.config.read_text(encoding="utf-8") + "nonsense = 1\n", encoding="utf-8"
    )
    done = odd.run("service", "start")
    assert done.returncode == 1
    assert "exit code 2 (mistakes in the configuration)" in done.stderr
    assert "nonsense" in status(odd)["last_error"]["text"]
    assert odd.run("service", "install").returncode == 2  # what cannot run is not installed anew
    assert odd.run("service", "uninstall").returncode == 0
    assert status(odd)["last_error"] is None  # of what is not there any more


def test_without_a_service(desk):
    for verb in ("start", "stop", "restart"):
        done = desk.run("service", verb)
        assert (done.returncode, "service install" in done.stderr) == (2, True)
    done = desk.run("service", "logs")
    assert (done.returncode, "There is no log yet" in done.stderr) == (5, True)
    done = desk.run("service", "uninstall")
    assert (done.returncode, "Not set to start" in done.stdout) == (0, True)
    assert not (desk.root / "settings").exists()


def test_a_service_says_nothing_of_files(desk, eventually):
    running = desk.start("run", "--quiet")
    make_pdf(desk.folder / "Jane Doe.pdf", "a")
    eventually(desk.arrived)
    assert running.end() == 0
    assert "".join(running.lines) == ""


# --- The log ------------------------------------------------------------------------------------


def write_log(path, *lines):
    with open(path, "a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def test_the_end_of_the_log(tmp_path):
    path = tmp_path / "x.log"
    with pytest.raises(UnusableError, match="no log yet"):
        last_lines(str(path), 3)
    write_log(path, *map(str, range(30_000)))
    assert last_lines(str(path), 3) == ["29997", "29998", "29999"]
    assert len(last_lines(str(path), 25_000)) == 25_000
    assert last_lines(str(path), 10**9)[0] == "0"
    assert last_lines(str(path), 0) == []


def test_the_last_error(tmp_path):
    path = tmp_path / "x.log"
    assert find_last_error(str(path)) is None
    write_log(path, "2026-11-24 10:00:00,123 INFO watcher.x: fine")
    assert find_last_error(str(path)) is None
    write_log(
        path, "2026-11-24 10:00:01,000 ERROR watcher.x: first", "Traceback",
        "2026-11-24 10:00:02,000 ERROR watcher.y: second: ERROR z", "2026-11-24 10:00:03,000 INFO a: b",
    )  # fmt: skip
    found = find_last_error(str(path))
    assert (found.at, found.text) == ("2026-11-24 10:00:02", "second: ERROR z")


def test_logs_at_a_terminal(desk):
    place = desk.root / "state"
    place.mkdir()
    log = place / "hrflow-watcher.log"
    write_log(log, *(f"line {number}" for number in range(100)), "evil \x1b[2J")
    assert desk.run("service", "logs", "-n", "2").stdout.splitlines() == [
        "line 99",
        "evil \\x1b[2J",
    ]
    assert len(desk.run("service", "logs").stdout.splitlines()) == 50


# --- Signs of life --------------------------------------------------------------------------------


class Manager:
    """Hears what a service manager hears."""

    def __init__(self, address):
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.bind(address)
        self.line.settimeout(PATIENCE)
        self.heard = []

    def wait_for(self, text):
        while not any(text in each for each in self.heard):
            self.heard.append(self.line.recv(4096).decode())
        return self.heard


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    address = f"\0hrw-{os.getpid()}" if request.param == "abstract" else str(tmp_path / "notify")
    made = Manager(address)
    made.address = address.replace("\0", "@")
    yield made
    made.line.close()


def test_the_program_tells_its_manager(desk, manager):
    environ = desk.environ(
        NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="400000", HRFLOW_API_KEY=desk.key
    )
    running = Process(desk.command("run", "--quiet"), environ)
    desk.processes.append(running)
    assert manager.wait_for("READY=1") == ["READY=1"]
    manager.wait_for("WATCHDOG=1")
    make_pdf(desk.folder / "Jane Doe.pdf", "a")
    wait_until(desk.arrived)
    running.process.send_signal(signal.SIGTERM)
    manager.wait_for("STOPPING=1")
    assert running.end() == 0
    assert "Jane" not in "".join(manager.heard)


def test_signs_of_life_come_from_whoever_is_asked(manager):
    alive = threading.Event()

    def ask(answer):
        if alive.is_set():
            answer()

    environ = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "20000", "HOME": "/"}
    service_manager = ServiceManager.of_process(environ)
    assert environ == {"HOME": "/"}  # not for programs that are started
    alive.set()
    service_manager.ready(ask)
    manager.wait_for("WATCHDOG=1")
    assert set(manager.heard) == {"READY=1", "WATCHDOG=1"}
    alive.clear()
    service_manager.stopping()
    assert not service_manager._thread.is_alive()
    manager.wait_for("STOPPING=1")
    manager.line.settimeout(0.1)
    with pytest.raises(TimeoutError):
        manager.line.recv(4096)


def test_a_loop_that_is_stuck_gives_no_signs_of_life(desk, manager):
    """Nobody reads what the program says: its loop waits for that, and its other threads do not."""
    environ = desk.environ(NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="200000")
    ours, its = os.pipe()
    fcntl.fcntl(its, fcntl.F_SETPIPE_SZ, 4096)
    running = subprocess.Popen(desk.command("run"), env=environ, stdout=its)
    os.close(its)
    reading = threading.Thread(target=read_all, args=(ours,))
    try:
        manager.wait_for("WATCHDOG=1")
        for number in range(40):
            make_pdf(desk.folder / f"{number} {'x' * 200}.pdf", str(number))
        manager.line.settimeout(2.0)  # ten times as long as it takes to be missed
        with pytest.raises(TimeoutError):
            while True:
                manager.line.recv(4096)
        assert running.poll() is None
        reading.start()
        manager.line.settimeout(PATIENCE)
        manager.heard.clear()
        manager.wait_for("WATCHDOG=1")  # it goes on where it was
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(PATIENCE) == 0
        reading.join(PATIENCE)
        os.close(ours)


def read_all(descriptor):
    while os.read(descriptor, 65536):
        pass


def test_without_a_watchdog_an_idle_loop_is_not_woken(world):
    """What asks for signs of life is the only thing that wakes it oftener than once a minute."""
    world.start(world.folder())
    service_manager = ServiceManager.of_process({"NOTIFY_SOCKET": "/nowhere/notify"})
    asked = []
    service_manager.ready(asked.append)
    world.app.post(Ping())
    world.wait_for(lambda: any(isinstance(each, Ping) for each in world.news))
    service_manager.stopping()
    assert not asked


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"WATCHDOG_USEC": "20000"},  # nobody to tell
        {"NOTIFY_SOCKET": "/nowhere/notify", "WATCHDOG_USEC": "x"},
        {"NOTIFY_SOCKET": "/nowhere/notify", "WATCHDOG_USEC": "20000", "WATCHDOG_PID": "1"},
    ],
)
def test_without_a_manager_nothing_is_done(environ):
    service_manager = ServiceManager.of_process(dict(environ))
    asked = []
    service_manager.ready(asked.append)
    service_manager.stopping()
    assert not asked
