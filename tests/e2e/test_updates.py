"""Another version is installed while the program runs: it takes over between two uploads."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading

import pytest

from tests.desktop import Screen, Trayer, needs_screen
from tests.desktop import surroundings as surroundings  # noqa: PLC0414 - a fixture
from tests.e2e.desk import Process
from tests.e2e.test_desktop import children
from tests.e2e.test_journey import make_pdf
from tests.installation import Installation

OLD, NEW, NEWER = "0.0.1", "0.0.2", "0.0.3"
#: A new version is tried by starting it several times, which a busy machine takes long for.
PATIENCE = 120


class Gate:
    """Stands before a server, and lets no answer through while it is shut."""

    def __init__(self, url):
        host, _, port = url.removeprefix("http://").partition("/")[0].partition(":")
        self._server = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = url.replace(f"{host}:{port}", f"127.0.0.1:{self._listener.getsockname()[1]}")
        self._open = threading.Event()
        self._open.set()
        self._lines = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def shut(self):
        self._open.clear()

    def open(self):
        self._open.set()

    def close(self):
        self.open()
        self._listener.shutdown(socket.SHUT_RDWR)
        for each in self._lines:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for each in (self._listener, *self._lines):
            each.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.create_connection(self._server)
                self._lines += here, there
                for source, target, held in ((here, there, False), (there, here, True)):
                    thread = threading.Thread(target=self._pass, args=(source, target, held))
                    self._threads.append(thread)
                    thread.start()

    def _pass(self, source, target, held):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                if held:
                    self._open.wait()
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


class Manager:
    """Hears what a service manager hears."""

    def __init__(self, address):
        self.address = address
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.bind(address)
        self.line.settimeout(PATIENCE)
        self.heard = []

    def wait_for(self, text):
        """The next message from now on that holds ``text``."""
        while True:
            self.heard.append(self.line.recv(4096).decode())
            if text in self.heard[-1]:
                return self.heard[-1]


class Place:
    """A desk with an installation, and a way to the sandbox that can be shut."""

    def __init__(self, desk, tmp_path):
        self.desk = desk
        self.installed = Installation(tmp_path / "lib" / "site-packages", OLD)
        self.gate = Gate(desk.sandbox.url)
        text = desk.config.read_text().replace(desk.sandbox.url, self.gate.url)
        desk.config.write_text(text)
        self.manager = Manager(str(tmp_path / "notify"))

    def environ(self, **more):
        return self.installed.environ(self.desk.environ(**more))

    def start(self, *options):
        command = [*self.desk.command(), "run", *options]
        environ = self.environ(NOTIFY_SOCKET=self.manager.address, WATCHDOG_USEC="60000000")
        self.desk.processes.append(Process(command, environ))
        self.manager.wait_for("READY=1")
        return self.desk.processes[-1]

    def running(self):
        with open(self.desk.root / "state" / "running.json", encoding="utf-8") as file:
            return json.load(file)

    def counts(self):
        return self.desk.read_json("status")[0]["counts"]

    def drop(self, name):
        make_pdf(self.desk.folder / name, name)

    def close(self):
        for process in self.desk.processes:
            process.end()
        self.gate.close()
        self.manager.line.close()


@pytest.fixture
def place(desk, tmp_path):
    made = Place(desk, tmp_path)
    yield made
    made.close()


def test_it_takes_over_between_two_uploads(place, eventually):
    running = place.start()
    pid = running.process.pid
    assert place.running()["version"] == OLD
    place.gate.shut()
    place.drop("under way.pdf")
    eventually(place.desk.arrived, within=PATIENCE)  # and the answer does not come

    place.installed.put(NEW)
    running.wait_for(
        "A new version is installed; restarts when the uploads under way are done.", PATIENCE
    )
    place.drop("meanwhile.pdf")
    eventually(lambda: place.counts().get("queued") == 1, within=PATIENCE)
    (status,) = place.desk.read_json("status")
    assert status["update"] == {"version": NEW, "problem": ""}
    assert (status["version"], status["pid"]) == (OLD, pid)
    assert "A new version is installed (0.0.2, 0.0.1 runs)" in place.desk.run("status").stdout
    (now,) = watched(place, 1)
    assert now["headline"].startswith("A new version is installed; restarts when the uploads")
    assert len(place.desk.arrived()) == 1  # nothing new is begun

    place.gate.open()
    assert "MONOTONIC_USEC=" in place.manager.wait_for("RELOADING=1")
    place.manager.wait_for("READY=1")
    assert not any("STOPPING" in each for each in place.manager.heard)
    eventually(lambda: len(place.desk.arrived()) == 2, within=PATIENCE)
    assert (place.running()["version"], place.running()["pid"]) == (NEW, pid)
    assert running.process.poll() is None
    place.drop("after.pdf")
    eventually(lambda: len(place.desk.arrived()) == 3, within=PATIENCE)
    (status,) = place.desk.read_json("status")
    assert status["update"] == {"version": "", "problem": ""} or status["version"] == NEW
    assert running.end() == 0
    references = [each.reference for each in place.desk.arrived()]
    assert len(set(references)) == 3  # each once


def watched(place, count):
    """What ``watch`` says at once."""
    process = Process(place.desk.command("watch", "--json"), place.desk.environ())
    try:
        return [json.loads(process.wait_for("headline")) for _ in range(count)]
    finally:
        process.end()


def test_a_broken_version_is_told_of_once_and_the_next_one_takes_over(place, eventually):
    running = place.start()
    pid = running.process.pid
    place.installed.put(NEW, cli__run="import a_module_that_is_not_there\n")
    said = running.wait_for("cannot be used", PATIENCE)
    assert said.startswith(f"The new version {NEW} cannot be used (")
    assert "a_module_that_is_not_there" in said
    (status,) = place.desk.read_json("status")
    assert status["update"]["version"] == NEW
    assert "a_module_that_is_not_there" in status["update"]["problem"]
    assert f"Version {OLD} goes on" in place.desk.run("status").stdout
    os.utime(place.installed.folder / "watcher")  # the folder changes, and still it is broken
    (place.installed.folder / "another package").mkdir()
    place.drop("goes on.pdf")
    eventually(place.desk.arrived, within=PATIENCE)
    assert place.running()["version"] == OLD

    place.installed.put(NEWER)
    place.manager.wait_for("READY=1")
    assert (place.running()["version"], place.running()["pid"]) == (NEWER, pid)

    record = place.installed.folder / f"hrflow_watcher-{NEWER}.dist-info" / "RECORD"
    os.replace(shutil.copy(record, record.with_name("new")), record)  # as dpkg does, with a rebuild
    place.manager.wait_for("RELOADING=1")
    place.manager.wait_for("READY=1")
    assert running.end() == 0
    assert len([line for line in running.lines if "cannot be used" in line]) == 1


OTHER_RULES = """
import click
from watcher.errors import ConfigError

@click.group("config")
def command(): ...

@command.command("check")
def check():
    raise ConfigError("There is a mistake.", mistakes=("settle_seconds is rest_seconds now.",))
"""


def test_a_version_that_does_not_take_the_configuration_is_not_begun(place):
    running = place.start()
    place.installed.put(NEW, cli__config=OTHER_RULES)
    said = running.wait_for("cannot be used", PATIENCE)
    assert "(There is a mistake. settle_seconds is rest_seconds now)" in said
    assert place.running()["version"] == OLD
    assert running.end() == 0


def test_what_is_loaded_late_and_what_it_needs_is_looked_for(tmp_path):
    installed = Installation(tmp_path, NEW)

    def load():
        return subprocess.run(
            installed.command("run", "--load-only"), env=installed.environ(os.environ),
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    assert (load().returncode, load().stderr) == (0, "")
    (metadata,) = tmp_path.glob("*.dist-info/METADATA")
    known = metadata.read_text()
    more = "Requires-Dist: click\nRequires-Dist: pyobjc; sys_platform == 'darwin'\n"
    metadata.write_text(known + more)
    assert load().returncode == 0
    metadata.write_text(known + more + "Requires-Dist: not-there (>=1)\n")
    assert "not-there" in load().stderr
    metadata.write_text(known)
    installed.put_modules(NEW, webhook__events="import no_such_module\n")
    assert "no_such_module" in load().stderr


def test_half_of_a_version_is_waited_for(place, eventually):
    running = place.start()
    place.installed.put_modules(NEW)  # the metadata is still that of the old one
    (place.installed.folder / "a sign").mkdir()
    log = place.desk.root / "state" / "hrflow-watcher.log"
    eventually(lambda: "no upload begins" in log.read_text(), within=PATIENCE)
    place.drop("meanwhile.pdf")
    # Not sent for the moment, which lasts for 20 seconds at the most.
    eventually(lambda: place.counts() == {"queued": 1} or place.desk.arrived(), within=PATIENCE)
    assert place.running()["version"] == OLD
    assert place.running()["update"] == {"version": "", "problem": ""}
    place.installed.put_record(NEW)
    place.manager.wait_for("READY=1")
    assert place.running()["version"] == NEW
    eventually(place.desk.arrived, within=PATIENCE)
    assert running.end() == 0
    assert len(place.desk.arrived()) == 1


@needs_screen
def test_the_icon_comes_back_with_the_new_version(place, surroundings, eventually):
    screen = surroundings.have(Screen, surroundings.root)
    environ = place.environ(DISPLAY=screen.display, NOTIFY_SOCKET=place.manager.address)
    trayer = Trayer(screen)
    try:
        running = Process([*place.desk.command(), "run"], environ)
        place.desk.processes.append(running)
        (before,) = eventually(lambda: icons(running), within=PATIENCE)
        place.installed.put(NEW)
        place.manager.wait_for("RELOADING=1")
        after = eventually(lambda: set(icons(running)) - {before}, within=PATIENCE)
        assert len(after) == 1
        assert place.running()["version"] == NEW
        assert running.end() == 0
    finally:
        trayer.kill()


def icons(program):
    """The processes of a program that show an icon, as far as none begins or ends meanwhile."""
    found = []
    with contextlib.suppress(OSError):
        for child in children(program):
            with open(f"/proc/{child}/cmdline", "rb") as words:
                if b"watcher.desktop" in words.read().split(b"\0"):
                    found.append(child)
    return found


def test_whoever_ends_it_wins_over_the_new_version(place, eventually):
    running = place.start("--quiet")
    place.gate.shut()
    place.drop("under way.pdf")
    eventually(place.desk.arrived, within=PATIENCE)
    place.installed.put(NEW)
    eventually(lambda: place.running()["update"]["version"] == NEW, within=PATIENCE)
    running.process.send_signal(signal.SIGTERM)
    place.manager.wait_for("STOPPING=1")
    place.gate.open()  # the upload ends after that
    assert running.end() == 0
    assert not any("RELOADING" in each for each in place.manager.heard)
