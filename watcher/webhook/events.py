"""From a header to an event: its signature is checked before anything else of it is looked at.

Fact from the API's pages: ``HTTP-HRFLOW-SIGNATURE`` holds, parted by a dot, the HMAC-SHA256 of the
payload as it stands there and the payload, both base64url; the payload is JSON. The vendor's SDK
(4.3) expects another form: the HMAC of the decoded payload, in hexadecimal digits before they are
encoded. Both take the secret, so both count. What is signed is the header: the body, which is
not, is never believed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Any, Final

from watcher.answers import redact
from watcher.model import Event, EventKind

#: Characters of a header; an event takes some hundreds.
MAX_HEADER: Final = 64 * 1024
#: Seconds after which an event that names its time is too old, and by which clocks may differ.
MAX_AGE: Final = 3600.0
_AHEAD: Final = 300.0
#: Events that are remembered here; the journal remembers them for longer.
_REMEMBERED: Final = 10_000
_LONGEST_TEXT: Final = 300
#: Where an event may say when it was sent; not documented.
_TIMES: Final = ("date", "timestamp", "sent_at", "created_at")


class RefusedError(Exception):
    """An event that does not count; ``status`` is what its sender is answered."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Gate:
    """Lets an event pass once, and only if HrFlow has signed it. For one thread at a time."""

    def __init__(self, secret: str) -> None:
        """``secret`` is the webhook's own; an empty one would let everybody pass."""
        if not secret:
            raise ValueError("a webhook needs a secret")
        self._secret = secret.encode()
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def let_in(self, header: str, now: float) -> Event | None:
        """The event in a header's value; None for one that is right and none of our business.

        RefusedError for one that is not signed, not whole, too old, or was here before.
        """
        payload = self._check_signature(header)
        # Of what was decoded: the same can be encoded in several ways.
        digest = hashlib.sha256(payload).digest()
        if digest in self._seen:
            raise RefusedError(409, "it was here before")
        data = _read(payload)
        if _is_old(data, now):
            raise RefusedError(410, "it is too old")
        self._seen[digest] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return _event(data, digest)

    def _check_signature(self, header: str) -> bytes:
        """The payload as it was signed; the time this takes tells nothing of the right one."""
        if not header or len(header) > MAX_HEADER or not header.isascii():
            raise RefusedError(401, "there is no signature")
        encoded, _, text = header.strip().partition(".")
        signature, payload = _decode(encoded), _decode(text)
        documented = hmac.new(self._secret, text.encode(), hashlib.sha256).digest()
        of_sdk = hmac.new(self._secret, payload, hashlib.sha256).hexdigest().encode()
        matches = [hmac.compare_digest(signature, each) for each in (documented, of_sdk)]
        if not payload or not any(matches):
            raise RefusedError(401, "the signature is wrong")
        return payload


def _decode(text: str) -> bytes:
    """What base64url stands for, b"" for what is none."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _read(payload: bytes) -> dict[str, Any]:
    try:
        data = json.loads(payload)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise RefusedError(400, "it is signed, and no event")
    return data


def _event(data: dict[str, Any], digest: bytes) -> Event | None:
    try:
        kind = EventKind(_text(data.get("type")))
    except ValueError:
        return None
    profile = data.get("profile")
    profile = profile if isinstance(profile, dict) else {}
    source = profile.get("source")
    source_key = source.get("key") if isinstance(source, dict) else profile.get("source_key")
    return Event(
        kind,
        digest,
        key=_text(profile.get("key")),
        reference=_text(profile.get("reference")),
        source_key=_text(source_key),
        message=redact(_text(data.get("message"))),
    )


def _is_old(data: dict[str, Any], now: float) -> bool:
    """Whether an event names a time, and one that is not about now."""
    times = [_moment(data[name]) for name in _TIMES if name in data]
    return any(at and not now - MAX_AGE <= at <= now + _AHEAD for at in times)


def _moment(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        moment = datetime.fromisoformat(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        return ""
    return value.encode("utf-8", "replace").decode()
