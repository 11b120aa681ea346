"""The listener on this machine."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, Final

from watcher.daemon.adapters import RealClock
from watcher.daemon.instance import HOST
from watcher.daemon.server import LocalServer
from watcher.page.auth import Guard, Tickets

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.daemon.instance import Instance
    from watcher.i18n.message import Catalog

#: Threads that answer; up to half of them may be kept by those who wait for news.
THREADS: Final = 8
#: Bytes of the largest request: the set-up of some hundred folders.
_LARGEST: Final = 200_000
#: Seconds without a sign after which a connection is closed, and between two looks for such.
_SILENCE: Final = 120
_LOOK: Final = 60
#: Seconds that requests under way may take at the end.
_JOIN: Final = 3.0


class Server:
    """Listens from :meth:`start` to :meth:`stop`."""

    def __init__(self, instance: Instance, make: Callable[[Server], Any], word: Catalog) -> None:
        """Answers who calls ``instance``; ``make`` gives the WSGI application to be guarded."""
        self._word = word
        self._instance = instance
        self._make = make
        self._server: LocalServer | None = None
        self.tickets = Tickets(RealClock.tick, instance.token)
        self.stopping = threading.Event()
        self.guard: Guard | None = None
        self.port = 0

    def start(self) -> None:
        """Answer from now on."""
        assert self._instance.listener is not None
        self.port = self._instance.port
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a short queue is no news
        inner, wait = self._make(self), self.stopping.wait
        self.guard = Guard(inner, self.tickets, self.port, wait, self._word)
        self._server = LocalServer(
            "page", self.guard, self._instance.listener, threads=THREADS,
            asyncore_loop_timeout=_LOOK, channel_timeout=_SILENCE, cleanup_interval=_LOOK,
            max_request_body_size=_LARGEST,
        )  # fmt: skip

    def stop(self) -> None:
        """End; whoever waits for news is answered at once."""
        self.stopping.set()
        if self._server is not None:
            self._server.stop(_JOIN)

    def link(self, at: str = "") -> str:
        """An address that lets one browser in, once and within a minute.

        ``at`` is where it leads: "", "attention", "file/12", "folders", "health", "setup".
        """
        return f"http://{HOST}:{self.port}/enter?code={self.tickets.link()}&at={at}"
