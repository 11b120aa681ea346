"""A clean Debian in a folder, and a person on it."""

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import threading
import time

PERSON = "recruiter"
HOME = f"/home/{PERSON}"
MIRROR = "http://deb.debian.org/debian"


class Root:
    """A root made by debootstrap. Programs in it have a /proc, and the network of this machine."""

    def __init__(self, folder):
        self.folder = str(folder)
        self._running = []

    @classmethod
    def make(cls, folder, suite="bookworm", mirror=MIRROR, base=""):
        """A new root in ``folder``; a copy of ``base`` if there is one, else from ``mirror``."""
        if base:
            subprocess.run(["cp", "-a", "--reflink=auto", base, str(folder)], check=True)
        else:
            command = ["debootstrap", "--variant=minbase", "--include=python3", suite]
            subprocess.run([*command, str(folder), mirror], check=True, stdout=subprocess.DEVNULL)
        root = cls(folder)
        root.run("useradd", "--create-home", "--shell", "/bin/bash", PERSON)
        return root

    def path(self, inside):
        """Where a path of the root is on this machine."""
        return os.path.join(self.folder, inside.lstrip("/"))

    def run(self, *command, code=0):
        """What a command of root's says; it has to end with ``code``, None for any."""
        done = subprocess.run(
            self._inside(*command), capture_output=True, text=True, timeout=600, check=False
        )
        said = done.stdout + done.stderr
        assert code in (None, done.returncode), f"{command} ended with {done.returncode}: {said}"
        return said

    def run_as_person(self, line, code=0):
        """What a line of the person's shell says."""
        return self.run(*self._person(line), code=code)

    def start_as_person(self, line):
        """A program of the person's that goes on; ended with the root."""
        running = Running(self._inside(*self._person(line)))
        self._running.append(running)
        return running

    def give_person(self, source, inside):
        """Copy a file into the person's home, as a mail program would put it."""
        target = self.path(inside)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(source, target + ".part")
        os.rename(target + ".part", target)
        owner = os.stat(self.path(HOME))
        for path in (target, os.path.dirname(target)):
            os.chown(path, owner.st_uid, owner.st_gid)

    def end(self):
        """End what the person has running."""
        for running in self._running:
            running.end()

    def remove(self):
        """Remove everything."""
        shutil.rmtree(self.folder)

    def _inside(self, *command):
        script = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
        space = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        return [*space, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                "DEBIAN_FRONTEND=noninteractive",
                "sh", "-c", script, self.folder, *command]  # fmt: skip

    @staticmethod
    def _person(line):
        return (
            "runuser",
            "-u",
            PERSON,
            "--",
            "env",
            f"HOME={HOME}",
            "sh",
            "-c",
            f"cd; exec {line}",
        )


def find_last(pid):
    """The program itself: what made its room (`unshare`, a shell) only waits for it."""
    while True:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = file.read().split()
        if not children:
            return pid
        pid = int(children[0])


class Running:
    """A program that goes on, and whose lines can be waited for."""

    def __init__(self, command):
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True,
        )  # fmt: skip
        self._lines = queue.Queue()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def wait_for(self, text, within=120):
        """The first line from now on with ``text`` in it."""
        said, deadline = [], time.monotonic() + within
        while True:
            with contextlib.suppress(queue.Empty):
                line = self._lines.get(timeout=max(0.1, deadline - time.monotonic()))
                assert line is not None, f"it ended before {text!r}: {said}"
                said.append(line)
                if text in line:
                    return line
            assert time.monotonic() < deadline, f"{text!r} never came: {said}"

    def end(self):
        """Ask it to end, and wait until it has."""
        if self._process.poll() is None:
            os.kill(find_last(self._process.pid), signal.SIGTERM)
        self._process.wait(60)
        self._thread.join()
        self._process.stdout.close()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)
