"""The way to the running program: a client of its API on this machine."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from watcher.i18n.command import command_name
from watcher.model.errors import NotRunningError, UsageError, WatcherError

if TYPE_CHECKING:
    from watcher.daemon.state_folder import Places

HOST: Final = "127.0.0.1"
#: Seconds for an answer.
_TIMEOUT: Final = 40.0
_OK, _FORBIDDEN = 200, 403

#: The header with the token of the run; no page of another site can make a browser send it.
TOKEN: Final = "X-Watcher-Token"  # noqa: S105 - its name


class SilentError(WatcherError):
    """The program runs but does not answer."""

    exit_code = NotRunningError.exit_code


class Channel(Struct, frozen=True):
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
            f"{method} {path} HTTP/1.0\r\nHost: {HOST}:{self.port}\r\n{TOKEN}: {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            with socket.socket() as line:
                line.settimeout(_TIMEOUT)
                line.connect((HOST, self.port))
                line.sendall(head.encode() + body)
                answer = b"".join(iter(lambda: line.recv(65536), b""))
        except ConnectionError as error:  # it was killed, or is just stopping
            raise _not_running() from error
        except OSError as error:
            raise SilentError(
                "hrflow-watcher is not responding.", "If it is just stopping, start it again."
            ) from error
        try:
            status = int(answer.split(maxsplit=2)[1])
            values = json.loads(answer.partition(b"\r\n\r\n")[2])
        except (ValueError, IndexError) as error:
            raise _not_running() from error
        if status == _FORBIDDEN:  # another program has the port by now
            raise _not_running()
        if status != _OK:
            refusal = UsageError(str(values.get("error", "")), str(values.get("hint", "")))
            refusal.exit_code = int(values.get("exit_code", refusal.exit_code))
            raise refusal
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
