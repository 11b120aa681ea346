"""Tells systemd that the program is ready, alive and how it is doing (sd_notify(3)).

The protocol is lines of ``NAME=value`` in one datagram to the socket that ``NOTIFY_SOCKET`` names.
A failure to send is logged and never stops the program.
"""

from __future__ import annotations

import logging
import math
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Final

from watcher.model.files import FolderState
from watcher.pipeline.messages import Connection, Pending, Ping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

_log = logging.getLogger(__name__)

#: Seconds from a change to the status that tells of it: a burst of files gives one status.
_SETTLE: Final = 0.1


class ServiceManager:
    """The manager that started the program. Does nothing where there is none."""

    def __init__(self, address: str, interval: float) -> None:
        """``address`` is a socket's path, "@…" for an abstract one, "" for none.

        ``interval`` is the number of seconds between two watchdog pings, 0 for none.
        """
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._interval = interval if address else 0.0
        self._facts: Callable[[], Mapping[str, object]] | None = None
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._status = ""
        self._pinged_at = -math.inf

    @classmethod
    def of_process(cls, environ: MutableMapping[str, str]) -> ServiceManager:
        """Read the environment and remove the variables, which are not for child processes.

        Two pings are sent within the time after which the manager considers the program dead.
        """
        address = environ.pop("NOTIFY_SOCKET", "")
        limit = environ.pop("WATCHDOG_USEC", "")
        process = environ.pop("WATCHDOG_PID", "") or str(os.getpid())
        is_watched = limit.isdecimal() and process == str(os.getpid())
        return cls(address, int(limit) / 2_000_000 if is_watched else 0.0)

    def ready(self, ask: Callable[[], object], facts: Callable[[], Mapping[str, object]]) -> None:
        """Report that the program works, and keep reporting.

        ``ask`` asks the pipeline for a Ping event (see :meth:`on_event`), which a loop that is
        stuck does not send. ``facts`` returns what :meth:`watcher.daemon.core.App.facts` does.
        """
        self._facts = facts
        if not self._address:
            return
        self._send("READY=1")
        self._send_status()
        self._thread = threading.Thread(
            target=self._run, args=(ask,), name="service-manager", daemon=True
        )
        self._thread.start()

    def on_event(self, event: object) -> None:
        """Ping the watchdog on a Ping; update the status when something in it has changed."""
        if isinstance(event, FolderState | Connection | Pending):
            if not self._changed.is_set():  # setting it again takes a lock, for every file
                self._changed.set()
        elif isinstance(event, Ping):
            self._ping(time.monotonic())

    def stopping(self) -> None:
        """Report that the program is stopping."""
        self._stopping.set()
        self._changed.set()
        if self._thread is not None:
            self._thread.join(1.0)
        self._send("STOPPING=1\nSTATUS=Finishing the uploads under way")

    def _run(self, ask: Callable[[], object]) -> None:
        due = time.monotonic() if self._interval else math.inf
        while not self._stopping.is_set():
            if (now := time.monotonic()) >= due:
                ask()
                due = now + self._interval
            if self._changed.wait(max(0.0, due - now) if self._interval else None):
                if self._stopping.wait(_SETTLE):
                    return
                self._changed.clear()
                self._send_status()

    def _ping(self, now: float) -> None:
        """Ping the watchdog, once for all the beats that a loop has caught up on."""
        if now >= self._pinged_at + self._interval / 2:
            self._pinged_at = now
            self._send("WATCHDOG=1")

    def _send_status(self) -> None:
        assert self._facts is not None
        status = describe(self._facts())
        if status != self._status:
            self._status = status
            self._send(f"STATUS={status}")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.settimeout(1.0)  # a manager that is busy must not hold up the program
                line.sendto(message.encode(), self._address)
        except OSError as error:
            _log.warning("the service manager cannot be notified: %s", error)


def describe(facts: Mapping[str, object]) -> str:
    """Return the status in numbers, without names, as others may read a service's status."""
    folders, pending = facts.get("folders"), facts.get("pending")
    problems = list(folders.values()) if isinstance(folders, dict) else []
    good = problems.count("")
    text = f"Watching {good} folder{'s' * (good != 1)}"
    if bad := len(problems) - good:
        text += f", {bad} cannot be watched"
    if isinstance(pending, int) and pending:
        text += f"; {pending} file{'s' * (pending != 1)} to go"
    return text + "; HrFlow cannot be reached" * bool(facts.get("offline_since"))
