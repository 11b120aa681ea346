"""The listener on this machine."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, Final

from watcher.daemon.clock import RealClock
from watcher.daemon.instance import HOST
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


class Server:
    """Listens from :meth:`start` to :meth:`stop`."""

    def __init__(self, instance: Instance, make: Callable[[Server], Any], word: Catalog) -> None:
        """Answers who calls ``instance``; ``make`` gives the WSGI application to be guarded."""
        self._word = word
        self._instance = instance
        self._make = make
        self._loop: dict[int, Any] = {}
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self.tickets = Tickets(RealClock.tick, instance.token)
        self.stopping = threading.Event()
        self.guard: Guard | None = None
        self.port = 0

    def start(self) -> None:
        """Answer from now on."""
        from waitress.server import create_server  # noqa: PLC0415 - watching comes first

        self.port = self._instance.port
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a short queue is no news
        inner, wait = self._make(self), self.stopping.wait
        self.guard = Guard(inner, self.tickets, self.port, wait, self._word)
        self._server = create_server(
            self.guard, map=self._loop, sockets=[self._instance.listener], threads=THREADS,
            ident=None, asyncore_loop_timeout=_LOOK, channel_timeout=_SILENCE,
            cleanup_interval=_LOOK,
            max_request_body_size=_LARGEST, clear_untrusted_proxy_headers=True,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._server.run, name="page", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; whoever waits for news is answered at once."""
        self.stopping.set()
        if self._thread is None:
            return
        self._server.task_dispatcher.shutdown(timeout=3)
        # A copy, as the server's own thread lets go of connections meanwhile.
        everybody = list(self._loop.values())
        triggers = [each for each in everybody if hasattr(each, "pull_trigger")]
        for trigger in triggers[:1]:  # none, if it has let go by itself
            trigger.pull_trigger(self._close)
        self._thread.join(3.0)

    def link(self, at: str = "") -> str:
        """An address that lets one browser in, once and within a minute.

        ``at`` is where it leads: "", "attention", "file/12", "folders", "health", "setup".
        """
        return f"http://{HOST}:{self.port}/enter?code={self.tickets.link()}&at={at}"

    def _close(self) -> None:
        """Let go of all connections; on the server's own thread, whose loop ends by that."""
        for each in list(self._loop.values()):
            each.close()
