"""A connection to the session's message bus, on Linux."""

from __future__ import annotations

import logging
from collections import deque
from typing import Any, Final

import jeepney
from jeepney.io.blocking import open_dbus_connection

_log = logging.getLogger(__name__)
#: Seconds that an answer may take.
_PATIENCE: Final = 5.0
PROPERTIES: Final = "org.freedesktop.DBus.Properties"


class Bus:
    """For one thread. Whoever waits on :meth:`fileno` calls :meth:`receive` first."""

    def __init__(self, address: str) -> None:
        """Open it; ``address`` is that of ``DBUS_SESSION_BUS_ADDRESS``. OSError if it fails."""
        try:
            self._connection = open_dbus_connection(bus=address)
        except (ValueError, jeepney.DBusErrorResponse) as error:
            message = f"the session's message bus cannot be used: {error}"
            raise OSError(message) from error
        self._inbox: deque[Any] = deque()

    def subscribe(self, *, arg0: str = "", **fields: str) -> None:
        """Receive the signals with these ``fields``, and ``arg0`` as their first value."""
        rule = jeepney.MatchRule(type="signal", **fields)
        if arg0:
            rule.add_arg_condition(0, arg0)
        self._connection.filter(rule, queue=self._inbox)
        self.ask(jeepney.message_bus, "AddMatch", "s", rule.serialise())

    def serve(self) -> None:
        """Receive calls, and errors that answer what was sent."""
        for kind in ("method_call", "error"):
            self._connection.filter(jeepney.MatchRule(type=kind), queue=self._inbox)

    def ask(self, to: Any, method: str, signature: str = "", *values: object) -> Any:
        """The values that a method answers; None if it answers an error, or nothing in time.

        ``to`` is a ``jeepney.DBusAddress``.
        """
        call = jeepney.new_method_call(to, method, signature or None, values)
        try:
            answer = self._connection.send_and_get_reply(call, timeout=_PATIENCE)
        except TimeoutError:
            _log.info("%s.%s was not answered", to.interface, method)
            return None
        if answer.header.message_type is not jeepney.MessageType.method_return:
            _log.info("%s.%s failed: %s", to.interface, method, answer.body)
            return None
        return answer.body

    def get(self, to: Any, name: str) -> Any:
        """The value of a property; None if there is none."""
        properties = jeepney.DBusAddress(to.object_path, to.bus_name, PROPERTIES)
        answer = self.ask(properties, "Get", "ss", to.interface, name)
        return answer[0][1] if answer else None

    def send(self, message: Any) -> None:
        """Send a message and wait for no answer."""
        self._connection.send(message)

    def receive(self) -> list[Any]:
        """The messages that have arrived; OSError when the bus has gone."""
        while True:
            try:
                self._connection.recv_messages(timeout=0)
            except TimeoutError:
                break
        found = list(self._inbox)
        self._inbox.clear()
        return found

    def fileno(self) -> int:
        """For ``select``."""
        number: int = self._connection.sock.fileno()
        return number

    def close(self) -> None:
        """Close the connection; all that was published on it goes."""
        self._connection.close()
