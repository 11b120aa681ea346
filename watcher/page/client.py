"""The commands' end of the channel."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from watcher.daemon.instance import is_running
from watcher.model.errors import NotRunningError, UsageError
from watcher.page.auth import TOKEN

if TYPE_CHECKING:
    from watcher.daemon.instance import Places

#: Seconds within which the program on the same machine has to answer.
_PATIENCE: Final = 40.0


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to the program that runs."""

    port: int
    token: str

    @classmethod
    def open(cls, places: Places) -> Channel:
        """The way to it; NotRunningError if it does not run, or runs without a channel."""
        if not is_running(places):
            raise NotRunningError("hrflow-watcher is not running.", "Start it with: "
                                  "hrflow-watcher run")  # fmt: skip
        try:
            with open(places.channel, encoding="utf-8") as file:
                said = json.load(file)
            return cls(int(said["port"]), str(said["token"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NotRunningError(
                "An import is running, which takes no orders.", "Wait for its end."
            ) from error

    def get(self, path: str) -> Any:
        """What the program answers to a question."""
        return self._ask("GET", path, None)

    def post(self, path: str, /, **values: object) -> Any:
        """What the program answers to an order."""
        return self._ask("POST", path, json.dumps(values))

    def _ask(self, method: str, path: str, body: str | None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        headers = {TOKEN: self.token, "Content-Type": "application/json"}
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            said = json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise NotRunningError(
                "hrflow-watcher does not answer.", "If it is just ending, start it again."
            ) from error
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            raise UsageError(str(said.get("error", "")), str(said.get("hint", "")))
        return said
