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
from watcher.page.actions import Acts
from watcher.page.activity import Activity, News
from watcher.page.auth import for_reader
from watcher.page.folders import Folders
from watcher.page.health import Health
from watcher.page.routes import Routes
from watcher.page.server import THREADS, Server
from watcher.page.setup import Sample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.daemon.core import App
    from watcher.daemon.instance import Instance, Places
    from watcher.page.actions import Control
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
        instance: Instance,
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
        self._instance = instance
        self._places = places
        self._config = config
        self._control = control
        self._environ = environ
        self._word = catalog(language)
        word = for_reader(self._word)
        self._activity = Activity(places, word)
        self._acts = Acts(app, self._activity, control)
        self._news = News(app, _WAITING)
        self._server = Server(instance, self._make, self._word)

    def start(self) -> str:
        """Listen; gives what a person should hear if that is not possible, "" if it is."""
        if why := self._instance.problem:
            return f"The activity page and commands cannot be used ({why}); uploads go on."
        self._server.start()
        return ""

    def stop(self) -> None:
        """Listen no more."""
        self._news.close()
        self._server.stop()

    def open(self, at: str = "") -> None:
        """Show the page in the person's browser."""
        if self._instance.problem:
            _log.warning("the page cannot be shown, as it could not listen")
        elif not open_link(self.link(at), self._places):
            _log.warning("there is no browser that could show the page")

    def retry_all(self) -> None:
        """Try again all that needs attention or is held back: for the icon."""
        self._acts.retry_all()

    def link(self, at: str = "") -> str:
        """An address that lets one browser in, once and soon; see ``Server.link``."""
        return self._server.link(at)

    def _make(self, server: Server) -> Routes:
        return Routes(
            server,
            activity=self._activity,
            acts=self._acts,
            folders=Folders(self._app, self._places, self._activity.word),
            health=Health(self._config, self._places, self._environ, self._activity.word),
            setting=self._setting,
            sample=Sample(self._app, self._activity),
            news=self._news,
        )

    def _setting(self) -> Setting:
        from watcher.page.setup import Setting  # noqa: PLC0415 - takes long, and few need it

        state = self._places.state
        return Setting(self._app, self._control, self._config, state, self._environ, self._word)
