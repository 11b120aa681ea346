"""Tells the service manager how things are, where one has asked for it (sd_notify(3)).

The protocol is that of systemd: lines ``NAME=value`` in one datagram to the socket that
``NOTIFY_SOCKET`` names. Nothing of it can stop the program.
"""

from __future__ import annotations

import logging
import math
import os
import socket
import threading
import time
from typing import TYPE_CHECKING

from watcher.daemon.later import Later
from watcher.model.files import FolderState
from watcher.pipeline.messages import Connection, Pending, Ping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

_log = logging.getLogger(__name__)


class Supervisor:
    """Whoever started the program and looks after it; does nothing where nobody does."""

    def __init__(self, address: str, interval: float) -> None:
        """``address`` is a socket's path, "@…" for an abstract one, "" for none.

        ``interval`` are the seconds between two signs of life, 0 if none are wanted.
        """
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._interval = interval if address else 0.0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._facts: Callable[[], Mapping[str, object]] | None = None
        self._saying = threading.Lock()
        self._said = ""
        self._later = Later(self._say, "supervisor-say")
        self._pulsed = -math.inf

    @classmethod
    def of_process(cls, environ: MutableMapping[str, str]) -> Supervisor:
        """What the environment says; taken out of it, as it is not for programs that are started.

        Half of the time after which the manager takes the program for dead is between two signs.
        """
        address = environ.pop("NOTIFY_SOCKET", "")
        limit = environ.pop("WATCHDOG_USEC", "")
        meant = environ.pop("WATCHDOG_PID", "") or str(os.getpid())
        is_asked = limit.isdecimal() and meant == str(os.getpid())
        return cls(address, int(limit) / 2_000_000 if is_asked else 0.0)

    def ready(self, ask: Callable[[], object], facts: Callable[[], Mapping[str, object]]) -> None:
        """The program works; from now on it gives signs of life, where somebody wants them.

        ``ask`` has the pipeline's loop tell a Ping (see :meth:`hear`) once it comes to it: a loop
        that is stuck gives none. ``facts`` are what the program says of itself.
        """
        self._tell("READY=1")
        self._facts = facts
        self._say()
        if self._address:
            self._later.start()
        if self._interval > 0:
            thread = threading.Thread(target=self._ask, args=(ask,), name="supervisor", daemon=True)
            thread.start()
            self._thread = thread

    def hear(self, news: object) -> None:
        """Hear a sign of life, or something that people may read in the service's status."""
        if isinstance(news, FolderState | Connection):
            self._say()
        elif isinstance(news, Pending):  # for every file that comes
            self._later.ask()
        elif isinstance(news, Ping):
            self._pulse(time.monotonic())

    def stopping(self) -> None:
        """The program ends."""
        self._ended.set()
        self._later.stop()
        if self._thread is not None:
            self._thread.join(1.0)
        self._tell("STOPPING=1\nSTATUS=Ending what is under way")

    def _pulse(self, now: float) -> None:
        """Give a sign of life; one is enough of those that a stuck loop was asked for."""
        if now >= self._pulsed + self._interval / 2:
            self._pulsed = now
            self._tell("WATCHDOG=1")

    def _ask(self, ask: Callable[[], object]) -> None:
        ask()
        while not self._ended.wait(self._interval):
            ask()

    def _say(self) -> None:
        if not self._address or self._facts is None:
            return
        with self._saying:
            said = describe(self._facts())
            if said != self._said:
                self._said = said
                self._tell(f"STATUS={said}")

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.settimeout(1.0)  # the manager may be busy; a sign of life can be late
                line.sendto(message.encode(), self._address)
        except OSError as error:
            _log.warning("the service manager does not hear: %s", error)


def describe(facts: Mapping[str, object]) -> str:
    """How things are in numbers, without names: others may read a service's status."""
    folders, pending = facts.get("folders"), facts.get("pending")
    problems = list(folders.values()) if isinstance(folders, dict) else []
    good = problems.count("")
    said = f"Watching {good} folder{'s' * (good != 1)}"
    if bad := len(problems) - good:
        said += f", {bad} cannot be watched"
    if isinstance(pending, int) and pending:
        said += f"; {pending} file{'s' * (pending != 1)} to go"
    return said + "; HrFlow cannot be reached" * bool(facts.get("offline_since"))
