"""Which address leads to what, the page's frame, and the language in which is answered."""

from __future__ import annotations

import html
import json
import logging
import os
import re
import time
from gettext import NullTranslations
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import bottle

from watcher.i18n.languages import catalog, languages, page_texts
from watcher.i18n.message import ENGLISH, Catalog, msg
from watcher.model.errors import ConfigError, UsageError, WatcherError
from watcher.page.auth import COOKIE, SESSION, is_command
from watcher.page.folders import Picker
from watcher.pipeline.messages import SetLanguage
from watcher.present import status, view

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.page.actions import Actions, Body, Receiver
    from watcher.page.activity import Activity, ChangeFeed
    from watcher.page.auth import Sessions
    from watcher.page.folders import Additions, FolderSettings
    from watcher.page.setup_form import Health, Sample, Setup

_log = logging.getLogger(__name__)

_STATIC: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "static")
_TYPES: Final = MappingProxyType(
    {
        ".js": "text/javascript; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".svg": "image/svg+xml",
    }
)
#: Texts for people are in the frame as ``[[text]]``, values as ``{{name}}``.
_PLACE: Final = re.compile(r"\[\[(.+?)\]\]|\{\{(\w+)\}\}", re.DOTALL)
#: What a link within the page is made of.
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-/")
#: A character, in JSON, that neither a name nor the journal can have.
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
#: Digits of a number of a snapshot.
_LONGEST_NUMBER: Final = 18


def draw(word: Catalog, proof: str, start: dict[str, object]) -> str:
    """Return the page. ``start`` is what its script begins with, ``proof`` what changes carry."""
    values = {
        "language": html.escape(word.language),
        "proof": html.escape(proof),
        "start": as_script(
            {**start, "texts": page_texts(word.language), "language": word.language}
        ),
    }

    def fill(found: re.Match[str]) -> str:
        return html.escape(word(found[1])) if found[1] else values[found[2]]

    with open(os.path.join(_STATIC, "page.html"), encoding="utf-8") as file:
        return _PLACE.sub(fill, file.read())


def as_script(value: object) -> str:
    """Return JSON that cannot end the element that contains it, nor begin another one."""
    text = json.dumps(value)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


class Routes:
    """The WSGI application behind :class:`watcher.page.auth.AuthMiddleware`."""

    def __init__(
        self,
        sessions: Sessions,
        link: Callable[[str], str],
        *,
        activity: Activity,
        actions: Actions,
        folders: FolderSettings,
        additions: Additions,
        health: Health,
        setup: Setup,
        sample: Sample,
        feed: ChangeFeed,
        language: Language,
    ) -> None:
        self._sessions = sessions
        self._make_link = link
        self._activity = activity
        self._feed = feed
        self._language = language
        picker = Picker()
        self._bottle = bottle.Bottle()
        self._bottle.default_error_handler = _answer_error
        for path, answer in (
            ("/enter", self._enter),
            ("/", self._page),
            ("/static/<name>", self._static),
            ("/report", self._report),
            ("/api/files.csv", self._table),
        ):
            self._bottle.route(path, "GET", answer)
        for path, read in (
            ("now", self._now),
            ("files", lambda: activity.page(_query())),
            ("files/<file_id:int>", activity.file),
            ("facts", actions.app.facts),
            ("imports/<number:int>", actions.app.import_state),
            ("attention", lambda: {"reasons": activity.reasons()}),
            ("days", lambda: activity.arrivals(_query())),
            ("folders", folders.all),
            ("directories", lambda: picker.list(_query())),
            ("health", health.lines),
            ("setup", lambda: {**setup.known(), "test": sample.places()}),
        ):
            self._bottle.route(f"/api/{path}", "GET", _as_json(read, activity.word))
        for path, act in (
            *actions.orders().items(),
            ("check", folders.check),
            ("setup/key", setup.test_key),
            ("setup/plan", setup.propose), ("setup/save", setup.save),
            ("setup/leave", setup.leave), ("setup/folder", setup.edit_folder),
            ("setup/login", setup.start_at_login),
            ("setup/test", sample.drop), ("setup/tested", sample.look), ("link", self._link),
            ("language", language.choose), ("add/cancel", additions.cancel),
        ):  # fmt: skip
            self._bottle.route(f"/api/{path}", "POST", _as_json(_with_body(act), activity.word))
        for path, take in (("add", additions.add), ("check/dropped", folders.check_dropped)):
            self._bottle.route(f"/api/{path}", "POST", _as_json(_with_piece(take), activity.word))

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        """Answer a request."""
        return self._bottle(environ, start)

    # -- the page

    def _enter(self) -> str:
        """Let a browser in, once, and send it on to the page: now the cookie is our own."""
        query = bottle.request.query
        session = self._sessions.enter(query.code)
        at = query.at if set(query.at) <= _LETTERS else ""
        bottle.response.content_type = "text/html; charset=utf-8"
        if session is None:
            self._sessions.slow_down()
            bottle.response.status = 403
            word = self._activity.word
            text = word("This link has been used already, or has expired.")
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
        word = self._activity.word
        if session is None:  # commands have a token, but no session
            raise bottle.HTTPError(403, word("Open this page with: {hrflow_watcher} open"))
        number, snapshot, _ = self._feed.wait(0)
        try:
            start = {
                "number": number,
                "now": status.now(snapshot, word) if snapshot else {},
                "page": self._activity.page({}),
                "reasons": self._activity.reasons(),
                "arrivals": self._activity.arrivals({}),
                "home": os.path.expanduser("~"),
                "chosen_language": self._language.chosen,
                "languages": [ENGLISH.language, *languages()],
            }
        except WatcherError as error:  # the journal cannot be read at the moment
            raise bottle.HTTPError(503, f"{word(error.title)} {word(error.hint)}") from error
        return draw(word, session.proof, start)

    @staticmethod
    def _static(name: str) -> bytes:
        kind = _TYPES.get(os.path.splitext(name)[1])
        if kind is None or not set(name) <= (_LETTERS - {"/"}) | {"."}:
            raise bottle.HTTPError(404)
        try:
            with open(os.path.join(_STATIC, name), "rb") as file:
                content = file.read()
        except FileNotFoundError:
            raise bottle.HTTPError(404) from None
        bottle.response.content_type = kind
        return content

    def _table(self) -> Any:
        bottle.response.content_type = "text/csv; charset=utf-8"
        bottle.response.set_header("Content-Disposition", 'attachment; filename="cvs.csv"')
        return self._kept(self._activity.table)

    def _report(self) -> str:
        """Send the report as a file: a page of its own, to be kept, printed or passed on."""
        page: str = self._kept(self._activity.report)
        bottle.response.content_type = "text/html; charset=utf-8"
        day = time.strftime("%Y-%m-%d")
        file_name = f"cvs-{bottle.request.query.span}-{day}.html"
        bottle.response.set_header("Content-Disposition", f'attachment; filename="{file_name}"')
        return page

    def _kept(self, make: Callable[[dict[str, str]], Any]) -> Any:
        """Return what the browser saves as a file, made from the request's query."""
        try:
            return make(_query())
        except WatcherError as error:
            raise bottle.HTTPError(400, self._activity.word(error.title)) from error

    # -- the API

    def _now(self) -> dict[str, object]:
        seen = bottle.request.query.seen
        is_number = seen.isdecimal() and len(seen) <= _LONGEST_NUMBER
        number, snapshot, again = self._feed.wait(int(seen) if is_number else 0)
        now = status.now(snapshot, self._activity.word) if snapshot else None
        return {"number": number, "now": now, "again": again}

    def _link(self, body: Body) -> dict[str, object]:
        at = str(body.get("at", ""))
        if not set(at) <= _LETTERS:
            raise UsageError(msg("The page has no such section."))
        return {"link": self._make_link(at)}


def _query() -> dict[str, str]:
    try:
        query: dict[str, str] = dict(bottle.request.query.decode())
    except UnicodeDecodeError:
        raise UsageError(msg("The address of this request is not valid.")) from None
    return query


def _with_piece(take: Callable[[dict[str, str], bytes], object]) -> Callable[[], object]:
    """Return ``take``, given the request's query and the piece of a file that is its body."""
    return lambda: take(_query(), bottle.request.body.read())


def _with_body(act: Callable[[Body], object]) -> Callable[[], object]:
    """Return ``act``, given the request's body."""

    def call() -> object:
        try:
            body = json.loads(bottle.request.body.read() or b"{}")
            written = json.dumps(body, ensure_ascii=False)
            os.fsencode(written)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict) or _NUL.search(written):
            raise UsageError(msg("The request's body is not a JSON object."))
        return act(body)

    return call


def _as_json(answer: Callable[..., object], word: Catalog) -> Callable[..., str]:
    """Return ``answer`` with its result as JSON; errors become sentences for a person."""

    def call(**values: Any) -> str:
        bottle.response.content_type = "application/json"
        try:
            return json.dumps(answer(**values))
        except WatcherError as error:
            mistakes = error.mistakes if isinstance(error, ConfigError) else ()
            title = " ".join(word(each) for each in (error.title, *mistakes))
            hint = word(error.hint)
            said = {
                "error": title, "hint": hint, "field": error.field, "exit_code": error.exit_code
            }  # fmt: skip
        except Exception:  # noqa: BLE001 - the page has to show it
            _log.exception("a request could not be answered")
            bottle.response.status = 500
            return json.dumps(
                {"error": word("Something unexpected happened; the log has details.")}
            )
        if is_command():  # a browser's console shows other statuses, as if the page had failed
            bottle.response.status = 400
        return json.dumps(said)

    return call


def _answer_error(error: bottle.HTTPError) -> str:
    bottle.response.content_type = "text/plain; charset=utf-8"
    return view.safe(str(error.body or error.status_line)) + "\n"


# -- The language


class Language:
    """Texts for the person in ``persons``, and for the reader of the current answer in ``word``.

    The reader is the person, or a command, to which everything is said in English.
    """

    def __init__(self, app: Receiver, system: str, chosen: str) -> None:
        """``system`` is the system's language, ``chosen`` the person's, "" for the system's."""
        self._app = app
        self._system = system
        self.chosen = chosen
        self.persons = Catalog(ENGLISH.language, ENGLISH.translations)
        self.word = Catalog(ENGLISH.language, _OfReader(self.persons))
        self._use(chosen)

    def choose(self, body: Body) -> dict[str, object]:
        """Use another ``language``, over restarts too; "" for the system's."""
        language = body.get("language")
        if language not in ("", ENGLISH.language, *languages()):
            raise UsageError(msg("There is no such language."))
        self._app.carry_out(SetLanguage(language))
        self._use(language)
        return {}

    def _use(self, chosen: str) -> None:
        found = catalog(chosen or self._system)
        self.chosen = chosen
        self.persons.language = self.word.language = found.language
        self.persons.translations = found.translations


class _OfReader(NullTranslations):
    """Translations into the person's language; none for commands."""

    def __init__(self, persons: Catalog) -> None:
        super().__init__()
        self._persons = persons

    def gettext(self, message: str) -> str:
        return str(self._chosen().gettext(message))

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return str(self._chosen().ngettext(msgid1, msgid2, n))

    def pgettext(self, context: str, message: str) -> str:
        return str(self._chosen().pgettext(context, message))

    def _chosen(self) -> NullTranslations:
        return ENGLISH.translations if is_command() else self._persons.translations
