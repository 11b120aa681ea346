"""Another version is installed while the program runs: it ends between two uploads."""

import contextlib
import os
import shutil
import signal
import socket
import threading

import pytest

from tests.support.desk import Process
from tests.support.installation import Installation
from tests.support.samples import make_pdf
from tests.support.waiting import PATIENCE
from watcher.daemon.channel import read_facts
from watcher.daemon.state_folder import Places
from watcher.model.errors import UPDATED

OLD, NEW = "0.0.1", "0.0.2"


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
            thread.join(PATIENCE)
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
        return read_facts(Places(str(self.desk.root / "state")))

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


def test_it_ends_between_two_uploads_and_the_next_one_goes_on(place, eventually):
    running = place.start()
    assert place.running()["version"] == OLD
    place.gate.shut()
    place.drop("under way.pdf")
    eventually(place.desk.arrived)  # and the answer does not come

    place.installed.put(NEW)
    running.wait_for("Version 0.0.2 was installed. This one stops when the uploads")
    place.drop("meanwhile.pdf")
    eventually(lambda: "queued" in place.desk.states())
    assert "Version 0.0.1 is running" in place.desk.run("status").stdout
    assert len(place.desk.arrived()) == 1  # nothing new is begun
    assert running.process.poll() is None

    place.gate.open()
    place.manager.wait_for("STOPPING=1")
    assert running.process.wait(PATIENCE) == UPDATED
    running.wait_for("Stopped for the update. Start it again")

    again = place.start()
    eventually(lambda: len(place.desk.arrived()) == 2)
    assert place.running()["version"] == NEW
    place.drop("after.pdf")
    eventually(lambda: len(place.desk.arrived()) == 3)
    assert again.end() == 0
    references = [each.reference for each in place.desk.arrived()]
    assert len(set(references)) == 3  # each once


def test_the_same_version_installed_again_counts_too(place):
    running = place.start("--quiet")
    record = place.installed.folder / f"hrflow_watcher-{OLD}.dist-info" / "RECORD"
    os.replace(shutil.copy(record, record.with_name("new")), record)  # as dpkg does, with a rebuild
    assert running.process.wait(PATIENCE) == UPDATED


def test_a_person_who_ends_it_meanwhile_sees_an_ordinary_end(place, eventually):
    running = place.start()
    place.gate.shut()
    place.drop("under way.pdf")
    eventually(place.desk.arrived)
    place.installed.put(NEW)
    running.wait_for("was installed")
    running.process.send_signal(signal.SIGTERM)
    place.manager.wait_for("STOPPING=1")
    place.gate.open()  # the upload ends after that
    assert running.end() == 0
