"""HTTP on this machine: a server on a thread, and the commands' client of the control API."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from watcher.i18n.command import command_name
from watcher.model.errors import NotRunningError, UsageError, WatcherError

if TYPE_CHECKING:
    from watcher.daemon.instance import Places

#: Seconds for an answer.
_TIMEOUT: Final = 40.0
_OK, _FORBIDDEN = 200, 403

#: The header with the token of the run; no other page can make a browser send it.
TOKEN: Final = "X-Watcher-Token"  # noqa: S105 - its name


class LocalServer:
    """Serves a WSGI application on a socket, from creation to :meth:`stop`."""

    def __init__(
        self, name: str, application: Any, listener: socket.socket, **settings: object
    ) -> None:
        """``name`` is the thread's, ``settings`` are waitress's. It closes ``listener``."""
        from waitress.server import create_server  # noqa: PLC0415 - watching comes first

        self._connections: dict[int, Any] = {}
        self._server = create_server(
            application, map=self._connections, sockets=[listener], ident=None,
            clear_untrusted_proxy_headers=True, **settings,
        )  # fmt: skip
        self.port = int(self._server.effective_port)
        self._thread = threading.Thread(target=self._server.run, name=name, daemon=True)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Stop answering; requests under way, and the thread itself, get ``seconds`` each."""
        if not self._thread.is_alive():
            return
        self._server.task_dispatcher.shutdown(timeout=seconds)
        with suppress(OSError):  # the loop was awake, and has closed everything already
            self._server.trigger.pull_trigger(self._close)
        self._thread.join(seconds)

    def _close(self) -> None:
        """Close all connections; on the server's thread, whose loop ends with the last of them."""
        for each in list(self._connections.values()):
            each.close()


class SilentError(WatcherError):
    """The program runs but does not answer."""

    exit_code = NotRunningError.exit_code


@dataclass(frozen=True, slots=True)
class Channel:
    """The address of the running program's API, from a file that it writes when it starts."""

    pid: int
    port: int
    token: str
    version: str

    @classmethod
    def open(cls, places: Places) -> Channel:
        """Return the channel to the running program; NotRunningError if there is none."""
        try:
            with open(places.instance, encoding="utf-8") as file:
                return cls(**json.load(file))
        except (FileNotFoundError, ValueError, TypeError) as error:
            raise _not_running() from error
        except OSError as error:
            raise places.unusable(error) from error

    def get(self, path: str) -> Any:
        """Return the answer to a GET request; NotRunningError if the program has ended."""
        return self._ask("GET", path, b"")

    def post(self, path: str, /, **values: object) -> Any:
        """Return the answer to a POST request; errors as in get, UsageError if it is refused."""
        return self._ask("POST", path, json.dumps(values).encode())

    def _ask(self, method: str, path: str, body: bytes) -> Any:
        """Send a request with HTTP/1.0, without a library, which would slow down every command."""
        head = (
            f"{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{self.port}\r\n{TOKEN}: {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            with socket.create_connection(("127.0.0.1", self.port), _TIMEOUT) as line:
                line.sendall(head.encode() + body)
                answer = b"".join(iter(lambda: line.recv(65536), b""))
        except ConnectionError as error:  # it was killed, or is just ending
            raise _not_running() from error
        except OSError as error:
            raise SilentError(
                "hrflow-watcher is not responding.", "If it is just ending, start it again."
            ) from error
        try:
            status = int(answer.split(maxsplit=2)[1])
            values = json.loads(answer.partition(b"\r\n\r\n")[2])
        except (ValueError, IndexError) as error:
            raise _not_running() from error
        if status == _FORBIDDEN:  # another program has the port by now
            raise _not_running()
        if status != _OK:
            raise UsageError(str(values.get("error", "")), str(values.get("hint", "")))
        return values


def read_facts(places: Places) -> dict[str, Any]:
    """Return what the running program says about itself; empty if none runs."""
    try:
        facts: dict[str, Any] = Channel.open(places).get("/api/facts")
    except NotRunningError:
        return {}
    return facts


def _not_running() -> NotRunningError:
    return NotRunningError("hrflow-watcher is not running.", f"Start it with: {command_name()} run")
