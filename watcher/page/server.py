"""The listener on this machine, and the page put together."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from watcher.daemon.channel import HOST
from watcher.daemon.desktop import chosen_language, open_link, show_file
from watcher.daemon.instance import LocalServer
from watcher.documents.adding import PIECE
from watcher.i18n.languages import system_language
from watcher.model.errors import WatcherError
from watcher.page.actions import Actions, UndoQueue
from watcher.page.activity import Activity, ChangeFeed
from watcher.page.auth import AuthMiddleware, Sessions
from watcher.page.folders import Additions, FolderSettings
from watcher.page.routes import Language, Routes
from watcher.page.setup_form import Health, Sample, Setup
from watcher.system.clock import RealClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watcher.daemon.core import App
    from watcher.daemon.instance import Instance
    from watcher.daemon.state_folder import Places
    from watcher.page.actions import Body, Control
    from watcher.present.menu import Action

_log = logging.getLogger(__name__)

#: Threads that answer; up to half of them may be kept by those who wait for changes.
_THREADS: Final = 8
_WAITING: Final = _THREADS // 2
#: Bytes of the largest request: a piece of a file that is dropped onto the page.
_LARGEST: Final = PIECE + 1
#: Seconds of inactivity after which a connection is closed, and between two checks for that.
_INACTIVE: Final = 120
_CHECK: Final = 60
#: Seconds that requests under way may take at the end.
_JOIN: Final = 3.0


class ActivityPage:
    """Serves the page and the control API from :meth:`start` to :meth:`stop`."""

    def __init__(
        self,
        app: App,
        instance: Instance,
        places: Places,
        *,
        config: str,
        control: Control,
        environ: Mapping[str, str],
    ) -> None:
        """``config`` is the configuration's path, ``environ`` that of the program's start."""
        self._instance = instance
        self._places = places
        self._language = Language(app, system_language(environ), chosen_language(places))
        word = self._language.word
        activity = Activity(places, word, lambda: _profile_urls(app))
        self._undoable = UndoQueue(app.post)
        self._actions = Actions(app, activity, control, self._undoable)
        self._feed = ChangeFeed(app, _WAITING)
        self._stopping = threading.Event()
        self._sessions = Sessions(RealClock.tick, instance.token, self._stopping.wait)
        self._routes = Routes(
            self._sessions,
            self._link,
            activity=activity,
            actions=self._actions,
            folders=FolderSettings(app, places, word),
            additions=Additions(app, word),
            health=Health(config, places, environ, word),
            setup=Setup(app, control, config, places, environ, word),
            sample=Sample(app, activity),
            feed=self._feed,
            language=self._language,
        )
        self._server: LocalServer | None = None

    def start(self) -> str:
        """Listen; returns what a person should know if that is not possible, "" if it is."""
        if why := self._instance.problem:
            return f"The activity page and commands can't be used ({why}); uploads continue."
        assert self._instance.listener is not None
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a short queue is normal
        guarded = AuthMiddleware(
            self._routes, self._sessions, self._instance.port, self._language.persons
        )
        self._server = LocalServer(
            "page", guarded, self._instance.listener, threads=_THREADS,
            asyncore_loop_timeout=_CHECK, channel_timeout=_INACTIVE, cleanup_interval=_CHECK,
            max_request_body_size=_LARGEST,
        )  # fmt: skip
        return ""

    def stop(self) -> None:
        """Stop listening; those who wait for changes are answered at once.

        What could still be undone is done now.
        """
        self._feed.close()
        self._stopping.set()
        if self._server is not None:
            self._server.stop(_JOIN)
        self._undoable.close()

    def open(self, at: str = "") -> None:
        """Show the page in the person's browser."""
        if self._instance.problem:
            _log.warning("the page cannot be shown, as it could not listen")
        elif not open_link(self._link(at), self._places):
            _log.warning("there is no browser that could show the page")

    def act(self, action: Action) -> None:
        """Do what a click on the icon or a notification means; a failure is logged."""
        clicks: dict[str, Callable[[Body], object]] = {
            **self._actions.orders(),
            "open": lambda body: self.open(body.get("at", "")),
            "log": lambda _: show_file(self._places.log, itself=True),
        }
        try:
            clicks[action.request](action.body)
        except WatcherError as error:
            _log.info("a click could not be carried out: %s", error)

    def _link(self, at: str) -> str:
        """Return an address that lets one browser in, once and within a minute.

        ``at`` is where it leads: "", "attention", "file/12", "folders", "health", "setup".
        """
        link = f"http://{HOST}:{self._instance.port}/enter?code={self._sessions.link()}"
        return f"{link}&at={at}" if at else link


def _profile_urls(app: App) -> dict[str, str]:
    return {account.name: account.profile_url for account in app.config.accounts}
