"""Sends webhooks as HrFlow does: signed, once a profile is parsed or could not be.

Fact from the API's pages: the header ``HTTP-HRFLOW-SIGNATURE`` holds, parted by a dot, the
HMAC-SHA256 of the payload's text and the payload, both in base64url; the payload is JSON. The
vendor's own code knows three other forms, see :data:`FORMS`.
"""

from __future__ import annotations

import base64
import hashlib
import heapq
import hmac
import http.client
import itertools
import json
import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, get_args
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.sandbox.profiles import Profile

_log = logging.getLogger(__name__)
HEADER: Final = "HTTP-HRFLOW-SIGNATURE"
SUCCESS: Final = "profile.parsing.success"
UPDATE: Final = "profile.parsing.update"
ERROR: Final = "profile.parsing.error"
#: How an event is signed: as documented, as the Python or the PHP SDK check it, or over the body.
Form = Literal["documented", "python_sdk", "php_sdk", "body"]
FORMS: Final[tuple[Form, ...]] = get_args(Form)
_SECONDS: Final = 10.0


def encode(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(event: object, secret: str, form: Form = "documented") -> str:
    """Return the signature of an event, a header's value; :func:`write` makes the body."""
    content = write(event)
    own = hmac.new(secret.encode(), content, hashlib.sha256)
    match form:
        case "documented":
            payload = encode(content)
            digest = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest()
            return f"{encode(digest)}.{payload}"
        case "python_sdk":
            return f"{_pad(own.hexdigest().encode())}.{_pad(content)}"
        case "php_sdk":
            return f"{_pad(own.digest())}.{_pad(content)}"
        case "body":
            return own.hexdigest()


def write(event: object) -> bytes:
    """Return an event as it is sent."""
    return json.dumps(event, ensure_ascii=False).encode()


def _pad(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def describe(profile: Profile, *, failed: bool) -> dict[str, Any]:
    """Return the event of a profile."""
    done = UPDATE if profile.parses > 1 else SUCCESS
    return {
        "type": ERROR if failed else done,
        "origin": "api",
        "message": "Profile parsing failed" if failed else "Profile parsing succeed",
        "profile": {
            "key": profile.key,
            "reference": profile.reference,
            "source": {"key": profile.source_key},
        },
    }


@dataclass(order=True)
class _Due:
    at: float
    number: int
    event: dict[str, Any] = field(compare=False)


class Webhooks:
    """Sends what is announced, at its time, from a thread that runs while there is something.

    Nothing is sent while ``url`` is "", and all is signed in the ``form``. ``answers`` has the
    HTTP status of each answer, 0 where there was none.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.url = ""
        self.secret = ""
        self.form: Form = "documented"
        self.answers: list[int] = []
        self._clock = clock
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._waiting: list[_Due] = []
        self._thread: threading.Thread | None = None
        self._stopped = False

    def announce(self, profile: Profile, at: float, *, failed: bool) -> None:
        """Send a profile's event at the moment ``at``."""
        with self._changed:
            if not self.url or self._stopped:
                return
            due = _Due(at, next(self._numbers), describe(profile, failed=failed))
            heapq.heappush(self._waiting, due)
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
                self._thread.start()

    def send(self, event: object, *, secret: str | None = None, header: str | None = None) -> int:
        """Send an event now and return the status of the answer, 0 if there is none.

        ``secret`` and ``header`` take the place of what is right.
        """
        secret = self.secret if secret is None else secret
        value = sign(event, secret, self.form) if header is None else header
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(
            address.hostname or "", address.port, timeout=_SECONDS
        )
        body = write(event)
        headers = {HEADER: value, "Content-Type": "application/json"}
        try:
            connection.request("POST", address.path or "/", body, headers)
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
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_SECONDS)
            self._thread = None

    def _run(self) -> None:
        while (event := self._next()) is not None:
            self.send(event)

    def _next(self) -> dict[str, Any] | None:
        """Wait for the time of the next event and return it; None once the sandbox stops."""
        with self._changed:
            while not self._stopped:
                if not self._waiting:
                    self._changed.wait()
                elif (left := self._waiting[0].at - self._clock()) > 0:
                    self._changed.wait(left)
                else:
                    return heapq.heappop(self._waiting).event
        return None
