"""What every request has to pass before anything is done for it, and what every answer carries.

Browsers run scripts of strangers, who can send requests to any port of this machine. A request
has to name this machine as its host (or its name was rebound to it), must not come from another
origin, and needs a ticket: the session's cookie, or the run's token that only this user's own
programs can read. A change needs the session's proof as well, which strangers cannot read.
"""

from __future__ import annotations

import hmac
import json
import threading
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, Final

from watcher.page.peers import is_somebody_else
from watcher.page.tickets import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from watcher.page.tickets import Session, Tickets
    from watcher.words import Word

    Environ = dict[str, Any]
    Start = Callable[..., Any]
    App = Callable[[Environ, Start], Iterable[bytes]]

COOKIE: Final = "watcher"
#: Keys of the environment under which the guard leaves the session, and its verdict for the log.
SESSION: Final = "watcher.session"
_TOKEN: Final = f"HTTP_{TOKEN.replace('-', '_').upper()}"
#: What may be had without a ticket: it tells nothing.
_FREE: Final = ("/enter", "/static/")
_READING: Final = ("GET", "HEAD")
_HEADERS: Final = (
    ("Content-Security-Policy", (
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
     "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")),
    ("Cache-Control", "no-store"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)  # fmt: skip


class Guard:
    """A WSGI application around another one."""

    def __init__(
        self,
        inner: App,
        tickets: Tickets,
        port: int,
        wait: Callable[[float], object],
        word: Word,
    ) -> None:
        """``port`` is where it listens; ``wait`` passes as many seconds, or less at the end."""
        self._word = word
        self._inner = inner
        self._tickets = tickets
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        self._wait = wait
        self._waiting = threading.Lock()

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Answer, or let the inner application do so."""

        def start_guarded(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            own = {name.lower() for name, _ in _HEADERS}
            kept = [pair for pair in headers if pair[0].lower() not in own]
            return start(status, [*kept, *_HEADERS], *more)

        if problem := self._stranger(environ) or self._ticketless(environ):
            status, text = problem
            if not environ.get(_TOKEN):  # commands speak English
                text = self._word(text)
            return _refuse(environ, start_guarded, status, text)
        return self._inner(environ, start_guarded)

    def slow_down(self) -> bool:
        """Let somebody who came with a wrong ticket wait; False if somebody else waits already."""
        if not self._waiting.acquire(blocking=False):
            return False
        try:
            self._wait(self._tickets.penalty())
        finally:
            self._waiting.release()
        return True

    def _stranger(self, environ: Environ) -> tuple[str, str] | None:
        host = environ.get("HTTP_HOST", "")
        if host not in self._hosts:
            return "403 Forbidden", "This address is not one of this program."
        if is_somebody_else(environ["REMOTE_ADDR"], int(environ["REMOTE_PORT"])):
            return "403 Forbidden", "This program belongs to another user of this machine."
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and origin != f"http://{host}":
            return "403 Forbidden", "Requests of other pages are not answered."
        if environ.get("HTTP_SEC_FETCH_SITE") in ("cross-site", "same-site") and not _is_visit(
            environ
        ):
            return "403 Forbidden", "Requests of other pages are not answered."
        return None

    def _ticketless(self, environ: Environ) -> tuple[str, str] | None:
        if environ.get("PATH_INFO", "").startswith(_FREE):
            return None
        token, cookie = environ.get(_TOKEN, ""), _cookie(environ)
        if token and self._tickets.is_token(token):
            self._tickets.forgive()
            return None
        session = self._tickets.session(cookie) if cookie and not token else None
        if session is not None:
            environ[SESSION] = session
            return None if _proves(environ, session) else ("403 Forbidden", "The proof is missing.")
        if (token or cookie) and not self.slow_down():
            return "429 Too Many Requests", "Too many wrong tickets; wait."
        return "403 Forbidden", "Open this page from the tray, or with: hrflow-watcher open"


def _is_visit(environ: Environ) -> bool:
    """Whether a person goes to the page, as from a file that holds a link to it."""
    return environ.get("PATH_INFO") == "/enter" and environ.get("HTTP_SEC_FETCH_MODE") == "navigate"


def _proves(environ: Environ, session: Session) -> bool:
    """Whether a request only reads, or was made by our own page."""
    if environ["REQUEST_METHOD"] in _READING:
        return True
    shown = environ.get("HTTP_X_WATCHER_PROOF", "")
    has_origin = "HTTP_ORIGIN" in environ  # browsers name it with every change
    return has_origin and hmac.compare_digest(shown.encode(), session.proof.encode())


def _cookie(environ: Environ) -> str:
    try:
        found = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _refuse(environ: Environ, start: Start, status: str, text: str) -> Iterable[bytes]:
    if environ.get("PATH_INFO", "").startswith("/api/"):
        body, kind = json.dumps({"error": text}).encode(), "application/json"
    else:
        body, kind = f"{text}\n".encode(), "text/plain; charset=utf-8"
    start(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
