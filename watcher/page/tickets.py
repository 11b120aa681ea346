"""Who may come in: a token for each run, links that work once, and the sessions they begin."""

from __future__ import annotations

import hmac
import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

#: The header by which commands show the run's token; no other page can make a browser send it.
TOKEN: Final = "X-Watcher-Token"  # noqa: S105 - its name
#: Seconds for which a link works.
LINK_SECONDS: Final = 60.0
#: Browsers that may be in at the same time; the oldest has to go.
_SESSIONS: Final = 20
#: Seconds that a wrong ticket costs, doubled with every further one up to the cap.
_FIRST: Final = 0.1
_CAP: Final = 3.0


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is in: its ``cookie``, and the ``proof`` that every change has to carry."""

    cookie: str = field(repr=False)
    proof: str = field(repr=False)


class Tickets:
    """Used by all threads of the server."""

    def __init__(self, tick: Callable[[], float]) -> None:
        """``tick``: seconds that never go back."""
        self._tick = tick
        self._lock = threading.Lock()
        self._links: dict[str, float] = {}
        self._sessions: dict[str, Session] = {}
        self._wrong = 0
        self.token: Final = secrets.token_urlsafe(32)

    def link(self) -> str:
        """A code that lets one browser in, once and soon."""
        code = secrets.token_urlsafe(32)
        with self._lock:
            self._forget_old()
            self._links[code] = self._tick() + LINK_SECONDS
        return code

    def enter(self, code: str) -> Session | None:
        """Begin a session; None if the code is not, or no more, good for one."""
        with self._lock:
            self._forget_old()
            if self._links.pop(code, None) is None:
                return None
            session = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(32))
            self._sessions[session.cookie] = session
            while len(self._sessions) > _SESSIONS:
                del self._sessions[next(iter(self._sessions))]
            return session

    def session(self, cookie: str) -> Session | None:
        """The session that a cookie belongs to."""
        with self._lock:
            return self._sessions.get(cookie)

    def is_token(self, text: str) -> bool:
        """Whether this is the run's token."""
        return hmac.compare_digest(text.encode(), self.token.encode())

    def penalty(self) -> float:
        """Seconds that the wrong ticket just shown has to cost."""
        with self._lock:
            self._wrong += 1
            return float(min(_CAP, _FIRST * 2.0 ** min(self._wrong - 1, 10)))

    def forgive(self) -> None:
        """A right ticket was shown."""
        self._wrong = 0

    def _forget_old(self) -> None:
        now = self._tick()
        self._links = {code: until for code, until in self._links.items() if until > now}
