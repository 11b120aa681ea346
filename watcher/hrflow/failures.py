"""What it means for a file when a request fails: every exception of requests, in one table.

Those of urllib3 come while an answer's body is read; before that requests translates them.
"""

from __future__ import annotations

from typing import Final

from requests import exceptions as rx
from urllib3 import exceptions as ux

from watcher.hrflow.proxies import ProxyAddressError, ProxyFailedError
from watcher.model import Cause, Held, Uncertain, Wait

#: The words for each exception; subclasses stand before the classes they belong to.
_WORDS: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...]] = (
    (rx.SSLError, "The server's certificate cannot be trusted, as behind a log-in page."),
    (rx.ConnectTimeout, "The server did not answer the call in time."),
    ((rx.ReadTimeout, ux.ReadTimeoutError), "The server took too long to answer."),
    (rx.Timeout, "The server took too long."),
    (
        (rx.ChunkedEncodingError, ux.ProtocolError),
        "The connection broke in the middle of the answer.",
    ),
    ((rx.ContentDecodingError, ux.DecodeError), "The answer arrived garbled."),
    (rx.ConnectionError, "The server cannot be reached."),
)
#: A wrong address or proxy in the settings: no file can pass until somebody mends it.
_SETTINGS: Final = (
    rx.MissingSchema,
    rx.InvalidSchema,
    rx.InvalidURL,
    rx.URLRequired,
    rx.InvalidHeader,
)


def failure(error: Exception, *, handed_out: bool) -> Held | Wait | Uncertain:
    """What ``error`` means; ``handed_out``: the server may have received the whole body."""
    if isinstance(error, ProxyAddressError):
        return Held(Cause.ACCOUNT, str(error))
    if isinstance(error, _SETTINGS):
        return Held(Cause.ACCOUNT, f"A setting of the account is not usable: {_kind(error)}.")
    if isinstance(error, ProxyFailedError):
        words = str(error)
    else:
        words = next((said for kind, said in _WORDS if isinstance(error, kind)), _unforeseen(error))
    if handed_out:
        return Uncertain(f"{words} It may have arrived.", troubled=True)
    return Wait(words, offline=True)


def _unforeseen(error: Exception) -> str:
    return f"The request failed ({_kind(error)})."


def _kind(error: Exception) -> str:
    return type(error).__name__
