"""The listener on this machine, and the file that tells commands where it is.

What answers is made when the first one calls: it takes 5 MB and ten threads, and on most days
nobody looks at the page.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import socket
import threading
from typing import TYPE_CHECKING, Any, Final

from watcher.daemon.clock import RealClock
from watcher.daemon.instance import write_atomically
from watcher.i18n.message import msg
from watcher.page.auth import Guard, Tickets

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.daemon.instance import Places
    from watcher.i18n.message import Catalog

_log = logging.getLogger(__name__)
_V4, _V6 = "127.0.0.1", "::1"
#: Threads that answer; up to half of them may be kept by those who wait for news.
THREADS: Final = 8
#: Bytes of the largest request: the set-up of some hundred folders.
_LARGEST: Final = 200_000
#: Seconds without a sign after which a connection is closed, and between two looks for such.
_SILENCE: Final = 120
_LOOK: Final = 60


class Server:
    """Listens from :meth:`start` to :meth:`stop`."""

    def __init__(self, places: Places, make: Callable[[Server], Any], word: Catalog) -> None:
        """``make`` gives the WSGI application to be guarded."""
        self._word = word
        self._places = places
        self._make = make
        self._loop: dict[int, Any] = {}
        self._sockets: list[socket.socket] = []
        self._wake: socket.socket | None = None
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self.tickets = Tickets(RealClock.tick)
        self.stopping = threading.Event()
        self.guard: Guard | None = None
        self.port = 0

    def start(self) -> None:
        """Listen; OSError if there is no port to be had."""
        self._sockets = _listen()
        self.port = self._sockets[0].getsockname()[1]
        self._wake, woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, args=(woken,), name="page", daemon=True)
        self._thread.start()
        where = {"pid": os.getpid(), "port": self.port, "token": self.tickets.token}
        write_atomically(self._places.channel, json.dumps(where))

    def stop(self) -> None:
        """End; whoever waits for news is answered at once."""
        self.stopping.set()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._places.channel)
        if self._wake is None or self._thread is None:
            return
        self._wake.close()
        if self._server is not None:
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
        return f"http://{_V4}:{self.port}/enter?code={self.tickets.link()}&at={at}"

    def _run(self, woken: socket.socket) -> None:
        """Wait for the first who calls, and answer from then on; on the server's own thread."""
        with woken:
            while self._server is None:
                called, _, _ = select.select([*self._sockets, woken], [], [])
                if woken in called:
                    self._turn_away()
                    return
                try:
                    self._server = self._make_server()
                except Exception:  # noqa: BLE001 - uploads go on, and the next who calls may be luckier
                    _log.exception("the page cannot be shown")
                    self._put_off([each for each in self._sockets if each in called])
        if self.stopping.is_set():  # ``stop`` may have come before there was a server
            self._server.task_dispatcher.shutdown(timeout=1)
            self._close()
        else:
            self._server.run()

    def _put_off(self, called: list[socket.socket]) -> None:
        """Tell whoever called that there is no page: its parts may just be replaced."""
        why = msg("A part of the program cannot be loaded: this works again once it was restarted.")
        body = json.dumps({"error": self._word(why)}).encode()
        head = (
            "HTTP/1.0 503 Service Unavailable\r\nContent-Type: application/json\r\n"
            f"Cache-Control: no-store\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        for each in called:
            with contextlib.suppress(OSError):  # who called may be gone
                caller, _ = each.accept()
                with caller:
                    caller.settimeout(1.0)
                    caller.recv(_LARGEST)  # else closing it would take the answer away
                    caller.sendall(head.encode() + body)

    def _turn_away(self) -> None:
        """Listen no more."""
        for each in self._sockets:
            each.close()

    def _make_server(self) -> Any:
        from waitress.server import create_server  # noqa: PLC0415 - takes memory

        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a short queue is no news
        inner, wait = self._make(self), self.stopping.wait
        self.guard = Guard(inner, self.tickets, self.port, wait, self._word)
        return create_server(
            self.guard, map=self._loop, sockets=self._sockets, threads=THREADS, ident=None,
            asyncore_loop_timeout=_LOOK, channel_timeout=_SILENCE, cleanup_interval=_LOOK,
            max_request_body_size=_LARGEST, clear_untrusted_proxy_headers=True,
        )  # fmt: skip

    def _close(self) -> None:
        """Let go of all connections; on the server's own thread, whose loop ends by that."""
        for each in list(self._loop.values()):
            each.close()


def _listen() -> list[socket.socket]:
    """Sockets for this machine alone: both kinds of addresses at one port, where there are both.

    Who calls before anybody answers is kept waiting.
    """
    first = socket.socket(socket.AF_INET)
    first.bind((_V4, 0))
    first.listen(THREADS)
    if not socket.has_ipv6:
        return [first]
    second = socket.socket(socket.AF_INET6)
    try:
        second.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        second.bind((_V6, first.getsockname()[1]))
        second.listen(THREADS)
    except OSError as error:
        _log.info("the page has no address of the newer kind: %s", error)
        second.close()
        return [first]
    return [first, second]
