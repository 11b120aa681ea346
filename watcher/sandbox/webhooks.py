"""Sends webhooks as HrFlow does: signed, once a profile is parsed or could not be.

As the API's pages have it, the header ``HTTP-HRFLOW-SIGNATURE`` holds, separated by a dot, the
HMAC-SHA256 of the payload's text and the payload, both in base64url; the payload is JSON.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import logging
import threading
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from watcher.sandbox.profiles import Profile

_log = logging.getLogger(__name__)
HEADER: Final = "HTTP-HRFLOW-SIGNATURE"
_SECONDS: Final = 60.0


def encode(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(event: object, secret: str) -> str:
    """Return the signature of an event, a header's value."""
    payload = encode(_write(event))
    digest = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest()
    return f"{encode(digest)}.{payload}"


def _write(event: object) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode()


def describe(profile: Profile, *, failed: bool) -> dict[str, Any]:
    """Return the event of a profile."""
    kind = "error" if failed else "update" if profile.parses > 1 else "success"
    return {
        "type": f"profile.parsing.{kind}",
        "origin": "api",
        "message": "Profile parsing failed" if failed else "Profile parsing succeed",
        "profile": {
            "key": profile.key,
            "reference": profile.reference,
            "source": {"key": profile.source_key},
        },
    }


class Webhooks:
    """Sends each event from a thread of its own, which waits for its time.

    Nothing is sent while ``url`` is "". ``answers`` has the HTTP status of each answer, 0 where
    there was none.
    """

    def __init__(self) -> None:
        self.url = ""
        self.secret = ""
        self.answers: list[int] = []
        self._timers: list[threading.Timer] = []

    def announce(self, profile: Profile, delay: float, *, failed: bool) -> None:
        """Send a profile's event in ``delay`` seconds."""
        if not self.url:
            return
        timer = threading.Timer(delay, self.send, (describe(profile, failed=failed),))
        timer.daemon = True
        self._timers = [*filter(threading.Timer.is_alive, self._timers), timer]
        timer.start()

    def send(self, event: object, *, secret: str | None = None) -> int:
        """Send an event now and return the status of the answer, 0 if there is none.

        ``secret`` is used instead of the right one.
        """
        value = sign(event, self.secret if secret is None else secret)
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(
            address.hostname or "", address.port, timeout=_SECONDS
        )
        headers = {HEADER: value, "Content-Type": "application/json"}
        try:
            connection.request("POST", address.path or "/", _write(event), headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            _log.info("a webhook was not accepted: %s", error)
            status = 0
        finally:
            connection.close()
        self.answers.append(status)
        return status

    def stop(self) -> None:
        """Send nothing more; may be called again."""
        for timer in self._timers:
            timer.cancel()
        for timer in self._timers:
            timer.join(_SECONDS)
        self._timers = []
