"""A systemd user manager of a test's own: real systemd, its own home, control groups and bus.

systemd starts as a user's manager only on a machine that was booted with it, and needs a control
group to put its services in. Both are had here in a mount namespace of its own, which takes the
rights of root; nothing outside the namespace is changed but for a control group that goes again.
Commands are run inside that namespace.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from tests.support.waiting import PATIENCE, wait_until

SYSTEMD = "/usr/lib/systemd/systemd"
#: Makes the world look booted with systemd, takes a control group, becomes the manager. Mounts reach
#: its services as on a real machine, and nothing outside.
_START = """
set -e
mount --make-rprivate /
mount --make-rshared /
mount -t tmpfs tmpfs /run/systemd
mkdir -p /run/systemd/system /run/systemd/inaccessible/dir
touch /run/systemd/inaccessible/reg /run/systemd/inaccessible/sock
mkfifo /run/systemd/inaccessible/fifo
chmod 000 /run/systemd/inaccessible/*
mount -t cgroup2 none /sys/fs/cgroup
mkdir /sys/fs/cgroup/$1
echo $$ > /sys/fs/cgroup/$1/cgroup.procs
exec $2 --user --unit=basic.target
"""


class NoManagerError(Exception):
    """There can be none here; the text says why."""


def inherited(*names):
    return {name: os.environ[name] for name in names if name in os.environ}


class UserManager:
    """``place`` is a folder outside of /tmp, with a name that is hard to quote."""

    def __init__(self):
        if os.geteuid() != 0:
            raise NoManagerError(
                "it takes the rights of root to start one beside the machine's own"
            )
        for program in (SYSTEMD, "systemctl", "unshare", "nsenter"):
            if not shutil.which(program):
                raise NoManagerError(f"there is no {program} (Debian: systemd, util-linux)")
        self._root = pathlib.Path(tempfile.mkdtemp(prefix="hrw-", dir="/var/lib"))
        self.place = self._root / 'Zoë\'s 100% "CVs" $5'
        self.home = self.place / "home"
        self.home.mkdir(parents=True)
        self.runtime = self._root / "run"
        self.runtime.mkdir(0o700)
        self.own = {
            **inherited("PATH", "LANG", "LC_ALL"), "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.runtime), "PYTHONUTF8": "1",
        }  # fmt: skip
        self._group = self._root.name
        self._log = open(self._root / "log", "w+b")  # noqa: SIM115 - closed in close()
        self._process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", _START, "sh", self._group, SYSTEMD],
            env={**self.own, "SYSTEMD_LOG_TARGET": "console"}, stdin=subprocess.DEVNULL,
            stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._wait()

    def environ(self, **more):
        """Of a command, which is measured; what runs as a service is measured elsewhere."""
        return {**self.own, **inherited("COVERAGE_PROCESS_CONFIG"), **more}

    def command(self, *words):
        """``words`` as a command in its world."""
        return ["nsenter", "--target", str(self._process.pid), "--mount", *words]

    def run(self, *words, **more):
        return subprocess.run(
            self.command(*words), env=self.environ(**more), capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip

    def systemctl(self, *words):
        return self.run("systemctl", "--user", "--no-pager", *words)

    def show(self, unit, name):
        return self.systemctl("show", "--value", f"--property={name}", unit).stdout.strip()

    def close(self):
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        self._remove_group()
        shutil.rmtree(self._root)

    # -- inside

    def _wait(self):
        socket = self.runtime / "systemd" / "private"
        wait_until(lambda: socket.exists() or self._process.poll() is not None)
        state = ""
        if self._process.poll() is None:
            state = wait_until(self._is_running)
        if not state:
            self._log.seek(0)
            said = self._log.read().decode(errors="replace").strip().splitlines()
            self.close()
            raise NoManagerError(f"it does not start here: {' '.join(said[-3:])}")

    def _is_running(self):
        return self.systemctl("is-system-running").stdout.strip() in ("running", "degraded")

    def _remove_group(self):
        """Its control groups, the innermost first; they are seen where all are."""
        script = (
            "mount -t cgroup2 none /mnt && find /mnt/$1 -depth -type d -exec rmdir {} + ;"
            " umount /mnt"
        )
        with contextlib.suppress(subprocess.TimeoutExpired):  # it is empty, and in nobody's way
            subprocess.run(
                ["unshare", "--mount", "sh", "-c", script, "sh", self._group],
                capture_output=True, timeout=PATIENCE, check=False,
            )  # fmt: skip
