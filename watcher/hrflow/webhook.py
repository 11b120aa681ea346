"""Turns a request to the webhook into an event, once its signature is verified.

The API's documentation and the vendor's code have four forms of ``HTTP-HRFLOW-SIGNATURE``, all of
HMAC-SHA256 with the secret; each is accepted:

- documented: ``base64url(HMAC(payload)).payload``, over the payload as encoded in base64url
- Python SDK: ``base64(hex HMAC(JSON)).base64(JSON)``, over the decoded payload
- PHP SDK: ``base64(HMAC(JSON)).base64(JSON)``, likewise, without the hexadecimal digits
- a sample workflow: hexadecimal digits alone, over the request's body

Only the signed part is used: the payload in the first three, where the body is ignored, and the
body in the last.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections import OrderedDict
from typing import Any, Final

from watcher.hrflow.answers import read_moment, read_table, redact
from watcher.model.uploads import Event, EventKind

#: Characters of a header; an event takes some hundreds.
MAX_HEADER: Final = 64 * 1024

#: Seconds after which an event that has a time is too old, and by which clocks may differ.
MAX_AGE: Final = 3600.0

_AHEAD: Final = 300.0

#: Events remembered here; the journal remembers them for longer.
_REMEMBERED: Final = 10_000

_LONGEST_TEXT: Final = 300

#: A SHA-256 in hexadecimal digits.
_DIGITS: Final = re.compile(r"[0-9a-fA-F]{64}")

_URL_SAFE: Final = str.maketrans("+/", "-_")

#: Fields that may hold the time when an event was sent; not documented.
_TIMES: Final = ("date", "timestamp", "sent_at", "created_at")


class RefusedError(Exception):
    """An event that is rejected; ``status`` is the HTTP status of the answer."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class EventVerifier:
    """Accepts each event once, and only if HrFlow signed it. For one thread at a time."""

    def __init__(self, secret: str) -> None:
        """``secret`` is the webhook's; with an empty one anyone could sign."""
        if not secret:
            raise ValueError("a webhook needs a secret")
        self._secret = secret.encode()
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def verify(self, header: str, now: float, body: bytes = b"") -> Event | None:
        """Return the event of a request, None for a kind of event that is not used.

        RefusedError if it is not signed, incomplete, too old, or was received before.
        """
        payload = self._check_signature(header.strip(), body)
        # Of the decoded payload: the same one can be encoded in several ways.
        digest = hashlib.sha256(payload).digest()
        if digest in self._seen:
            raise RefusedError(409, "it was received before")
        data = _read(payload)
        if _is_old(data, now):
            raise RefusedError(410, "it is too old")
        self._seen[digest] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return _event(data, digest)

    def _check_signature(self, header: str, body: bytes) -> bytes:
        """Return the signed payload; signatures are compared in constant time."""
        if not header or len(header) > MAX_HEADER or not header.isascii():
            raise RefusedError(401, "there is no signature")
        if signs_body(header):
            payload, signature = body, header.lower().encode()
            signed = [self._sign(body).hex().encode()]
        else:
            encoded, _, text = header.partition(".")
            payload, signature = _decode(text), _decode(encoded)
            own = self._sign(payload)
            signed = [self._sign(text.encode()), own, own.hex().encode()]
        matches = [hmac.compare_digest(signature, each) for each in signed]
        if not payload or not any(matches):
            raise RefusedError(401, "the signature is wrong")
        return payload

    def _sign(self, data: bytes) -> bytes:
        return hmac.new(self._secret, data, hashlib.sha256).digest()


def signs_body(header: str) -> bool:
    """Return whether a signature, a header's value, is one over the request's body."""
    return _DIGITS.fullmatch(header.strip()) is not None


def _decode(text: str) -> bytes:
    """Decode base64 in either alphabet; b"" for anything else."""
    text = text.rstrip("=").translate(_URL_SAFE)
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
        raise RefusedError(400, "it is signed but not an event")
    return data


def _event(data: dict[str, Any], digest: bytes) -> Event | None:
    try:
        kind = EventKind(_text(data.get("type")))
    except ValueError:
        return None
    profile = read_table(data.get("profile"))
    source_key = read_table(profile.get("source")).get("key") or profile.get("source_key")
    return Event(
        kind,
        digest,
        key=_text(profile.get("key")),
        reference=_text(profile.get("reference")),
        source_key=_text(source_key),
        message=redact(_text(data.get("message"))),
    )


def _is_old(data: dict[str, Any], now: float) -> bool:
    """Return whether an event names a time too far from now."""
    times = [read_moment(data[name]) for name in _TIMES if name in data]
    return any(at and not now - MAX_AGE <= at <= now + _AHEAD for at in times)


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        return ""
    return value.encode("utf-8", "replace").decode()
