"""Who may come in: the checks of every request, and the headers of every answer."""

from __future__ import annotations

import hmac
import json
import os
import secrets
import socket
import threading
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, Final

import bottle
from msgspec import Struct

from watcher.daemon.channel import TOKEN
from watcher.i18n.message import ENGLISH, msg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from watcher.i18n.message import Catalog, Message

    Environ = dict[str, Any]
    Start = Callable[..., Any]
    App = Callable[[Environ, Start], Iterable[bytes]]

#: The system's tables of connections, and the columns that are read.
_TABLES: Final = (("/proc/net/tcp", socket.AF_INET), ("/proc/net/tcp6", socket.AF_INET6))
_ADDRESS, _STATE, _USER = 1, 3, 7
#: TIME_WAIT and CLOSE: closed connections belong to root, whoever had them.
_CLOSED: Final = ("06", "07")
#: The tables change while they are read, so that a line may be missed.
_ATTEMPTS: Final = 3


def is_other_user(address: str, port: int) -> bool:
    """Whether the socket of this machine at ``address`` and ``port`` is another user's.

    Also if the system lists other connections but not this one, however often it is asked.
    """
    can_tell = False
    for _ in range(_ATTEMPTS):
        for table, family in _TABLES:
            try:
                packed = socket.inet_pton(family, address)
                with open(table, encoding="ascii") as file:
                    next(file, "")
                    owners = {line.split()[_USER] for line in file if _is_at(line, packed, port)}
            except OSError:  # no such table, or an address of the other kind
                continue
            can_tell = True
            if owners:
                return owners != {str(os.getuid())}
    return can_tell


def _is_at(line: str, packed: bytes, port: int) -> bool:
    """Whether a line is about this address: four-byte words in the machine's byte order."""
    words = [packed[at : at + 4][::-1] for at in range(0, len(packed), 4)]
    columns = line.split()
    here = f"{b''.join(words).hex().upper()}:{port:04X}"
    return columns[_ADDRESS] == here and columns[_STATE] not in _CLOSED


#: Seconds for which a link works.
LINK_SECONDS: Final = 60.0
#: Sessions at the same time; the oldest ends for a new one.
_MOST_SESSIONS: Final = 20
#: Seconds of delay after a wrong code, cookie or token, doubled with each up to the maximum.
_FIRST_DELAY: Final = 0.1
_LONGEST_DELAY: Final = 3.0


class Session(Struct, frozen=True):
    """A browser's ``cookie``, and the ``proof`` that every change has to carry."""

    cookie: str
    proof: str
    __repr__ = object.__repr__  # neither is ever printed


class Sessions:
    """Links for browsers, their sessions, and the token of commands. For all threads."""

    def __init__(
        self, tick: Callable[[], float], token: str, wait: Callable[[float], object]
    ) -> None:
        """``tick`` returns monotonic seconds; ``token`` is that of this run.

        ``wait`` sleeps, less long if the server stops.
        """
        self._tick = tick
        self._wait = wait
        self._waiting = threading.Lock()
        self._lock = threading.Lock()
        self._links: dict[str, float] = {}
        self._sessions: dict[str, Session] = {}
        self._wrong = 0
        self.token: Final = token

    def link(self) -> str:
        """Return a code that lets one browser in, once and within a minute."""
        code = secrets.token_urlsafe(32)
        with self._lock:
            self._forget_old()
            self._links[code] = self._tick() + LINK_SECONDS
        return code

    def enter(self, code: str) -> Session | None:
        """Begin a session; None if the code is wrong, used or expired."""
        with self._lock:
            self._forget_old()
            if self._links.pop(code, None) is None:
                return None
            session = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
            self._sessions[session.cookie] = session
            while len(self._sessions) > _MOST_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            return session

    def session(self, cookie: str) -> Session | None:
        """Return the session that a cookie belongs to."""
        with self._lock:
            return self._sessions.get(cookie)

    def is_token(self, text: str) -> bool:
        """Whether this is the token of this run."""
        return hmac.compare_digest(text.encode(), self.token.encode())

    def count_failure(self) -> float:
        """Count another failed attempt; return the seconds by which its answer is delayed."""
        with self._lock:
            self._wrong += 1
            return float(min(_LONGEST_DELAY, _FIRST_DELAY * 2.0 ** min(self._wrong - 1, 10)))

    def slow_down(self) -> bool:
        """Delay the answer to a failed attempt; False if another one is being delayed already."""
        if not self._waiting.acquire(blocking=False):
            return False
        try:
            self._wait(self.count_failure())
        finally:
            self._waiting.release()
        return True

    def reset_delay(self) -> None:
        """Note a successful attempt."""
        self._wrong = 0

    def _forget_old(self) -> None:
        now = self._tick()
        self._links = {code: until for code, until in self._links.items() if until > now}


def is_command() -> bool:
    """Whether the current request was made by a command; False if there is no request."""
    try:
        return bool(bottle.request.get_header(TOKEN))
    except RuntimeError:  # bottle's, on a thread that answers none: a click on the icon
        return False


COOKIE: Final = "watcher"
#: The key of the environment under which the middleware leaves the session.
SESSION: Final = "watcher.session"
_TOKEN: Final = f"HTTP_{TOKEN.replace('-', '_').upper()}"
#: What needs no session: it reveals nothing.
_OPEN: Final = ("/enter", "/static/")
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


class AuthMiddleware:
    """A WSGI application around another one, which only those reach who may come in."""

    def __init__(self, inner: App, sessions: Sessions, port: int, word: Catalog) -> None:
        """``port`` is where it listens."""
        self._word = word
        self._inner = inner
        self._sessions = sessions
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Answer, or let the inner application do so."""

        def start_guarded(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            own = {name.lower() for name, _ in _HEADERS}
            kept = [pair for pair in headers if pair[0].lower() not in own]
            return start(status, [*kept, *_HEADERS], *more)

        if problem := self._foreign(environ) or self._unauthorized(environ):
            status, said = problem
            word = ENGLISH if environ.get(_TOKEN) else self._word  # commands speak English
            return _refuse(environ, start_guarded, status, word(said))
        return self._inner(environ, start_guarded)

    def _foreign(self, environ: Environ) -> tuple[str, Message] | None:
        host = environ.get("HTTP_HOST", "")
        if host not in self._hosts:
            return "403 Forbidden", msg("This is not the address of this program.")
        if is_other_user(environ["REMOTE_ADDR"], int(environ["REMOTE_PORT"])):
            return "403 Forbidden", msg(
                "This program was started by another user of this computer."
            )
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and origin != f"http://{host}":
            return "403 Forbidden", msg("Requests from other pages are rejected.")
        if environ.get("HTTP_SEC_FETCH_SITE") in ("cross-site", "same-site") and not _is_visit(
            environ
        ):
            return "403 Forbidden", msg("Requests from other pages are rejected.")
        return None

    def _unauthorized(self, environ: Environ) -> tuple[str, Message] | None:
        if environ.get("PATH_INFO", "").startswith(_OPEN):
            return None
        token, cookie = environ.get(_TOKEN, ""), _cookie(environ)
        if token and self._sessions.is_token(token):
            self._sessions.reset_delay()
            return None
        session = self._sessions.session(cookie) if cookie and not token else None
        if session is not None:
            environ[SESSION] = session
            return (
                None
                if _proves(environ, session)
                else ("403 Forbidden", msg("Reload this page: its session has ended."))
            )
        if (token or cookie) and not self._sessions.slow_down():
            return "429 Too Many Requests", msg("Too many failed attempts. Wait a few seconds.")
        return "403 Forbidden", msg("Open this page from the icon, or with: {hrflow_watcher} open")


def _is_visit(environ: Environ) -> bool:
    """Whether a person follows a link to the page, as from a file."""
    return environ.get("PATH_INFO") == "/enter" and environ.get("HTTP_SEC_FETCH_MODE") == "navigate"


def _proves(environ: Environ, session: Session) -> bool:
    """Whether a request only reads, or comes from our own page."""
    if environ["REQUEST_METHOD"] in _READING:
        return True
    shown = environ.get("HTTP_X_WATCHER_PROOF", "")
    has_origin = "HTTP_ORIGIN" in environ  # browsers send it with every change
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
