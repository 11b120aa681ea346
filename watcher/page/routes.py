"""What the page's script says; the rest stands in the page's frame."""

from __future__ import annotations

import html
import json
import logging
import os
import re
from typing import TYPE_CHECKING, Any, Final

import bottle

from watcher.i18n.catalog import page_texts
from watcher.i18n.message import msg
from watcher.model.errors import ConfigError, UsageError, WatcherError
from watcher.page.auth import COOKIE, SESSION
from watcher.present import status, view

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watcher.i18n.message import Catalog
    from watcher.page.actions import Acts
    from watcher.page.activity import Activity, News
    from watcher.page.folders import Folders
    from watcher.page.health import Health
    from watcher.page.server import Server
    from watcher.page.setup import Sample, Setting

_FRAME: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static", "page.html")


#: Texts for people stand in the frame as ``[[text]]``, values as ``{{name}}``.
_PLACE: Final = re.compile(r"\[\[(.+?)\]\]|\{\{(\w+)\}\}", re.DOTALL)


def draw(word: Catalog, proof: str, start: dict[str, object]) -> str:
    """The page. ``start`` is what its script begins with, ``proof`` what its changes carry."""
    values = {
        "language": html.escape(word.language),
        "proof": html.escape(proof),
        "start": as_data({**start, "texts": page_texts(word.language), "language": word.language}),
    }
    with open(_FRAME, encoding="utf-8") as file:
        frame = file.read()
    return _PLACE.sub(lambda found: _fill(found, word, values), frame)


def _fill(found: re.Match[str], word: Catalog, values: dict[str, str]) -> str:
    return html.escape(word(found[1])) if found[1] else values[found[2]]


def as_data(value: object) -> str:
    """JSON that cannot end the element it stands in, nor begin another one."""
    text = json.dumps(value)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


_log = logging.getLogger(__name__)


_STATIC: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")


_KINDS: Final = (
    (".js", "text/javascript; charset=utf-8"),
    (".css", "text/css; charset=utf-8"),
    (".svg", "image/svg+xml"),
)


_OPEN: Final = msg("Open this page with: hrflow-watcher open")


#: Where a link may lead to within the page.
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-/")


class Routes:
    """The WSGI application behind the guard."""

    def __init__(
        self,
        server: Server,
        *,
        activity: Activity,
        acts: Acts,
        folders: Folders,
        health: Health,
        setting: Callable[[], Setting],
        sample: Sample,
        news: News,
    ) -> None:
        """``setting`` makes its part when it is asked for: few set anything up."""
        self._server = server
        self._activity = activity
        self._news = news
        self._bottle = bottle.Bottle(autojson=False)
        self._bottle.default_error_handler = _say_bottle_error
        for path, answer in (("/enter", self._enter), ("/", self._page),
                             ("/static/<name>", self._static),
                             ("/api/files.csv", self._table)):  # fmt: skip
            self._bottle.route(path, "GET", answer)
        for path, read in (
            ("/api/now", self._now),
            ("/api/files", lambda: activity.page(_query())),
            ("/api/files/<file_id:int>", activity.file),
            ("/api/facts", acts.app.facts),
            ("/api/imports/<number:int>", acts.app.import_state),
            ("/api/days", lambda: {"days": activity.days()}),
            ("/api/folders", folders.all),
            ("/api/health", health.lines),
            ("/api/setup", lambda: {**setting().known(), "test": sample.places()}),
        ):
            self._bottle.route(path, "GET", _as_json(read, activity.word))
        for name, act in (
            ("pause", acts.pause), ("resume", acts.resume), ("snooze", acts.snooze),
            ("retry", acts.retry), ("ignore", acts.ignore), ("show", acts.show),
            ("rescan", acts.rescan), ("reload", acts.reload), ("import", acts.begin_import),
            ("stop", acts.stop), ("check", folders.check), ("forget", acts.forget),
            ("keys", acts.keys),
            ("setup/key", lambda order: setting().try_key(order)),
            ("setup/plan", lambda order: setting().propose(order)),
            ("setup/save", lambda order: setting().save(order)),
            ("setup/leave", lambda order: setting().leave(order)),
            ("setup/test", sample.drop), ("setup/tested", sample.look), ("link", self._link),
        ):  # fmt: skip
            self._bottle.route(f"/api/{name}", "POST", _as_json(_with_order(act), activity.word))

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        """Answer a request."""
        return self._bottle(environ, start)

    # -- the page

    def _enter(self) -> str:
        """Let a browser in, once; the page is the next step, as then the cookie is its own."""
        query = bottle.request.query
        session = self._server.tickets.enter(query.code)
        at = query.at if set(query.at) <= _LETTERS else ""
        bottle.response.content_type = "text/html; charset=utf-8"
        if session is None:
            if self._server.guard is not None:
                self._server.guard.slow_down()
            bottle.response.status = 403
            word = self._activity.word
            text = word("This link was used already, or is too old.")
            return f"<!doctype html><title>hrflow-watcher</title><p>{html.escape(text)}"
        bottle.response.set_cookie(
            COOKIE, session.cookie, httponly=True, samesite="strict", path="/"
        )
        return (
            "<!doctype html><title>hrflow-watcher</title>"
            '<link rel="icon" href="/static/icon.svg">'
            f'<meta http-equiv="refresh" content="0;url=/#{at}">'
        )

    def _page(self) -> str:
        bottle.response.content_type = "text/html; charset=utf-8"
        session = bottle.request.environ.get(SESSION)
        if session is None:  # the token of commands is no way to look at it
            raise bottle.HTTPError(403, self._activity.word(_OPEN))
        number, snapshot, _ = self._news.wait(0)
        word = self._activity.word
        try:
            start = {
                "number": number,
                "now": status.now(snapshot, word) if snapshot else {},
                "page": self._activity.page({}),
                "days": self._activity.days(),
            }
        except WatcherError as error:  # the journal cannot be read for the moment
            raise bottle.HTTPError(503, f"{word(error.title)} {word(error.hint)}") from error
        return draw(word, session.proof, start)

    @staticmethod
    def _static(name: str) -> bytes:
        kind = next((kind for ending, kind in _KINDS if name.endswith(ending)), None)
        if kind is None or not set(name) <= (_LETTERS - {"/"}) | {"."}:
            raise bottle.HTTPError(404)
        try:
            with open(os.path.join(_STATIC, name), "rb") as file:
                read = file.read()
        except FileNotFoundError:
            raise bottle.HTTPError(404) from None
        bottle.response.content_type = kind
        return read

    def _table(self) -> Any:
        bottle.response.content_type = "text/csv; charset=utf-8"
        bottle.response.set_header("Content-Disposition", 'attachment; filename="cvs.csv"')
        return self._activity.table(_query())

    # -- the channel

    def _now(self) -> dict[str, object]:
        seen = bottle.request.query.seen
        number, snapshot, again = self._news.wait(int(seen) if seen.isdecimal() else 0)
        now = status.now(snapshot, self._activity.word) if snapshot else None
        return {"number": number, "now": now, "again": again}

    def _link(self, order: Mapping[str, Any]) -> dict[str, object]:
        at = str(order.get("at", ""))
        if not set(at) <= _LETTERS:
            raise UsageError(msg("There is no such place in the page."))
        return {"link": self._server.link(at)}


def _query() -> dict[str, str]:
    query: dict[str, str] = dict(bottle.request.query.decode())
    return query


def _with_order(act: Callable[[Mapping[str, Any]], object]) -> Callable[[], object]:
    def obey() -> object:
        try:
            order = json.loads(bottle.request.body.read() or b"{}")
        except ValueError as error:
            raise UsageError(msg("This is no order.")) from error
        if not isinstance(order, dict):
            raise UsageError(msg("This is no order."))
        return act(order)

    return obey


def _as_json(answer: Callable[..., object], word: Catalog) -> Callable[..., str]:
    """The answer as JSON; an error of ours as what a person can read and do."""

    def say(**values: Any) -> str:
        bottle.response.content_type = "application/json"
        try:
            return json.dumps(answer(**values))
        except WatcherError as error:
            mistakes = error.mistakes if isinstance(error, ConfigError) else ()
            title = " ".join(word(each) for each in (error.title, *mistakes))
            said = {"error": title, "hint": word(error.hint)}
        except Exception as error:  # noqa: BLE001 - the page has to hear of it
            _log.exception("a request could not be answered")
            bottle.response.status = 500
            text = word("Something unexpected happened ({error}).", error=str(error))
            return json.dumps({"error": text})
        bottle.response.status = 400
        return json.dumps(said)

    return say


def _say_bottle_error(error: bottle.HTTPError) -> str:
    bottle.response.content_type = "text/plain; charset=utf-8"
    return view.safe(str(error.body or error.status_line)) + "\n"
