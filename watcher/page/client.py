"""The way to the program that runs: the file that says where its API is, and who asks there."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from watcher.model.errors import JournalError, NotRunningError, UsageError

if TYPE_CHECKING:
    from watcher.daemon.instance import Places

#: Seconds within which the program on the same machine has to answer.
_PATIENCE: Final = 40.0
_OK, _FORBIDDEN = 200, 403

#: The header by which commands show the run's token; no other page can make a browser send it.
TOKEN: Final = "X-Watcher-Token"  # noqa: S105 - its name


class SilentError(NotRunningError):
    """The program runs and does not answer."""


@dataclass(frozen=True, slots=True)
class Channel:
    """Where the API of the program that runs is, as its file says: written once, at its start."""

    pid: int
    port: int
    token: str
    version: str

    @classmethod
    def open(cls, places: Places) -> Channel:
        """The way to the program; NotRunningError if none has said where it is."""
        try:
            with open(places.instance, encoding="utf-8") as file:
                return cls(**json.load(file))
        except (FileNotFoundError, ValueError, TypeError) as error:
            raise _not_running() from error
        except OSError as error:
            raise JournalError(
                f"The program's own folder {places.state} cannot be used ({error.strerror}).",
                "Name another one with --state.",
            ) from error

    def get(self, path: str) -> Any:
        """What the program answers to a question; NotRunningError if it does not run any more."""
        return self._ask("GET", path, b"")

    def post(self, path: str, /, **values: object) -> Any:
        """What the program answers to an order; NotRunningError likewise, else UsageError."""
        return self._ask("POST", path, json.dumps(values).encode())

    def _ask(self, method: str, path: str, body: bytes) -> Any:
        """HTTP in its oldest form, without a library for it: every command would pay for that."""
        head = (
            f"{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{self.port}\r\n{TOKEN}: {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            with socket.create_connection(("127.0.0.1", self.port), _PATIENCE) as line:
                line.sendall(head.encode() + body)
                answer = b"".join(iter(lambda: line.recv(65536), b""))
        except ConnectionError as error:  # what is left of one that was killed, or it just ends
            raise _not_running() from error
        except OSError as error:
            raise SilentError(
                "hrflow-watcher does not answer.", "If it is just ending, start it again."
            ) from error
        try:
            status = int(answer.split(maxsplit=2)[1])
            said = json.loads(answer.partition(b"\r\n\r\n")[2])
        except (ValueError, IndexError) as error:
            raise _not_running() from error
        if status == _FORBIDDEN:  # another program has the port by now
            raise _not_running()
        if status != _OK:
            raise UsageError(str(said.get("error", "")), str(said.get("hint", "")))
        return said


def read_facts(places: Places) -> dict[str, Any]:
    """What the program that runs says of itself; empty if none does."""
    try:
        facts: dict[str, Any] = Channel.open(places).get("/api/facts")
    except SilentError:
        raise
    except NotRunningError:
        return {}
    return facts


def _not_running() -> NotRunningError:
    return NotRunningError("hrflow-watcher is not running.", "Start it with: hrflow-watcher run")
