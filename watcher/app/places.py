"""Where the program keeps its own files, and which process of it is the one that works there."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.errors import AlreadyRunningError, WatcherError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from filelock import BaseFileLock


@dataclass(frozen=True, slots=True)
class Places:
    """The program's own files, all below one directory that is for its owner alone."""

    state: str

    @property
    def journal(self) -> str:
        """What became of every file."""
        return os.path.join(self.state, "journal.db")

    @property
    def running(self) -> str:
        """What the running program says of itself, as JSON; only true while the lock is held."""
        return os.path.join(self.state, "running.json")

    @property
    def lock(self) -> str:
        """Held by the process that works on the journal."""
        return os.path.join(self.state, "lock")

    @property
    def log(self) -> str:
        """The log."""
        return os.path.join(self.state, "hrflow-watcher.log")

    @property
    def orders(self) -> str:
        """Directory in which other commands leave orders for the running program."""
        return os.path.join(self.state, "orders")

    def prepare(self) -> None:
        """Make the directory; WatcherError if that cannot be done."""
        try:
            os.makedirs(self.orders, mode=0o700, exist_ok=True)
            os.chmod(self.state, 0o700)
        except OSError as error:
            raise WatcherError(
                f"The program cannot write to its own folder {self.state} ({error.strerror}).",
                "Give it the right to, or name another one with --state.",
            ) from error


def default_state(environ: Mapping[str, str]) -> str:
    """The platform's place for state: ``HRFLOW_WATCHER_STATE``, or below the home directory."""
    if named := environ.get("HRFLOW_WATCHER_STATE"):
        return os.path.abspath(os.path.expanduser(named))
    import platformdirs  # noqa: PLC0415 - only where nothing was named

    return platformdirs.user_state_dir("hrflow-watcher", appauthor=False)


def lock(places: Places) -> BaseFileLock:
    """Become the one process that works here; AlreadyRunningError if there is one."""
    import filelock  # noqa: PLC0415 - commands that only look need none

    places.prepare()
    held = filelock.FileLock(places.lock, timeout=0, mode=0o600)
    try:
        held.acquire()
    except filelock.Timeout as error:
        pid = read_running(places).get("pid", "?")
        raise AlreadyRunningError(
            f"hrflow-watcher is running already (process {pid}).",
            "See what it does with: hrflow-watcher status.",
        ) from error
    return held


def is_running(places: Places) -> bool:
    """Whether some process works here now."""
    if not os.path.exists(places.lock):
        return False
    import filelock  # noqa: PLC0415

    probe = filelock.FileLock(places.lock, timeout=0)
    try:
        with probe:
            return False
    except filelock.Timeout:
        return True


def read_running(places: Places) -> dict[str, object]:
    """What the running program last said of itself; empty if there is nothing to read."""
    try:
        with open(places.running, encoding="utf-8") as file:
            read = json.load(file)
    except (OSError, ValueError):
        return {}  # being absent is the normal case, and half a file is never written
    return read if isinstance(read, dict) else {}


def write_atomically(path: str, text: str) -> None:
    """Put ``text`` at ``path`` so that a reader sees the old file or the new one, never half."""
    part = f"{path}.{os.getpid()}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, path)
