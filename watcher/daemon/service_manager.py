"""Tells the service manager that started the program how it is: ready, alive, stopping."""

from __future__ import annotations

import logging
import os
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

_log = logging.getLogger(__name__)


class ServiceManager:
    """The manager that started the program. Does nothing where there is none.

    systemd's protocol (sd_notify(3)) is lines of ``NAME=value`` in one datagram to the socket that
    ``NOTIFY_SOCKET`` names. A failure to send is logged and never stops the program.
    """

    def __init__(self, address: str, interval: float) -> None:
        """``address`` is a socket's path, "@…" for an abstract one, "" for none.

        ``interval`` is the number of seconds between two watchdog pings, 0 for none.
        """
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._interval = interval if address else 0.0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

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

    def ready(self, ask: Callable[[Callable[[], object]], object]) -> None:
        """Report that the program works, and from now on that it is alive.

        ``ask`` has the pipeline call its argument, which a loop that is stuck does not do.
        """
        self._send("READY=1")
        if self._interval:
            self._thread = threading.Thread(
                target=self._run, args=(ask,), name="service-manager", daemon=True
            )
            self._thread.start()

    def stopping(self) -> None:
        """Report that the program is stopping."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(1.0)
        self._send("STOPPING=1\nSTATUS=Finishing the uploads under way")

    def _run(self, ask: Callable[[Callable[[], object]], object]) -> None:
        while not self._stopping.is_set():
            ask(lambda: self._send("WATCHDOG=1"))
            self._stopping.wait(self._interval)

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.settimeout(1.0)  # a manager that is busy must not hold up the program
                line.sendto(message.encode(), self._address)
        except OSError as error:
            _log.warning("the service manager cannot be notified: %s", error)
