"""The page in the person's browser."""

from __future__ import annotations

import html
import logging
import os
import sys
import webbrowser
from typing import TYPE_CHECKING, Final

from watcher.daemon.desktop import start
from watcher.daemon.instance import write_atomically
from watcher.i18n.catalog import catalog
from watcher.page.server import THREADS, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watcher.daemon.core import App
    from watcher.daemon.instance import Places
    from watcher.page.actions import Control
    from watcher.page.routes import Routes
    from watcher.page.setup import Setting


def open_link(link: str, places: Places) -> bool:
    """Show the page behind a link; False if there is no browser that could.

    The link becomes an argument of the browser. Where others can read arguments and the page
    cannot tell who comes (macOS), the browser gets a file instead that only its user can read.
    """
    if sys.platform == "darwin":
        path = os.path.join(places.state, "open.html")
        write_atomically(path, f'<meta http-equiv="refresh" content="0;url={html.escape(link)}">')
        link = f"file://{path}"
    if os.environ.get("INVOCATION_ID"):  # in a systemd unit, which a browser must not be part of
        return start(("xdg-open", link))
    return webbrowser.open(link)


_log = logging.getLogger(__name__)


_WAITING: Final = THREADS // 2


class ActivityPage:
    """Serves the page and the channel from :meth:`start` to :meth:`stop`."""

    def __init__(
        self,
        app: App,
        places: Places,
        *,
        config: str,
        control: Control,
        environ: Mapping[str, str],
        language: str,
    ) -> None:
        """``config`` is the configuration's path, ``environ`` what the program began with.

        ``language`` is the system's, like "fr_FR.UTF-8".
        """
        self._app = app
        self._places = places
        self._config = config
        self._control = control
        self._environ = environ
        self._word = catalog(language)
        self._server = Server(places, self._make, self._word)
        self._undo: list[Callable[[], None]] = []

    def start(self) -> str:
        """Listen; gives what a person should hear if that is not possible, "" if it is."""
        try:
            self._server.start()
        except OSError as error:
            _log.warning("the page cannot listen: %s", error)
            return f"The activity page and commands cannot be used ({error}); uploads go on."
        return ""

    def stop(self) -> None:
        """Listen no more."""
        self._end()
        self._server.stop()
        self._end()  # what the first visitor had just begun

    def open(self, at: str = "") -> None:
        """Show the page in the person's browser."""
        if not self._server.port:
            _log.warning("the page cannot be shown, as it could not listen")
        elif not open_link(self.link(at), self._places):
            _log.warning("there is no browser that could show the page")

    def link(self, at: str = "") -> str:
        """An address that lets one browser in, once and soon; see ``Server.link``."""
        return self._server.link(at)

    def _end(self) -> None:
        while self._undo:
            self._undo.pop()()

    def _make(self, server: Server) -> Routes:
        from watcher.page.actions import Acts  # noqa: PLC0415
        from watcher.page.activity import Activity, News  # noqa: PLC0415
        from watcher.page.auth import for_reader  # noqa: PLC0415
        from watcher.page.folders import Folders  # noqa: PLC0415
        from watcher.page.health import Health  # noqa: PLC0415
        from watcher.page.routes import Routes  # noqa: PLC0415
        from watcher.page.setup import Sample  # noqa: PLC0415

        word = for_reader(self._word)
        news = News(self._app.snapshot, _WAITING)
        self._undo = [news.close, self._app.subscribe(news.hear)]
        activity = Activity(self._places, word)
        return Routes(
            server,
            activity=activity,
            acts=Acts(self._app, activity, self._control),
            folders=Folders(self._app, self._places, word),
            health=Health(self._config, self._places, self._environ, word),
            setting=self._setting,
            sample=Sample(self._app, activity),
            news=news,
        )

    def _setting(self) -> Setting:
        from watcher.page.setup import Setting  # noqa: PLC0415 - takes long, and few need it

        state = self._places.state
        return Setting(self._app, self._control, self._config, state, self._environ, self._word)
