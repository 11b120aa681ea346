"""Another version was installed: it takes this one's place between two uploads.

From the first sign on that files of ours were replaced: begin no upload, as parts that are not
loaded yet would be another version's; wait until what lies there is whole and rests; try it; let
what is under way end, and ask to be replaced. What cannot take over is told once, and the program
goes on as it is. What stays half of one version and half of another holds uploads for moments only.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from watcher.model import Update
from watcher.pipeline import Drain, Drained

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.app.core import App
    from watcher.updates import Installed, OwnFiles

_log = logging.getLogger(__name__)
#: Seconds that files have to rest: installers replace one after another.
REST: Final = 2.0
#: Looks at files that do not come to rest, after which uploads go on, and after which it is looked
#: seldom; and seconds between those.
_HELD_LOOKS: Final = 10
_LOOKS: Final = 300
_SELDOM: Final = 60.0
#: Seconds after which it is looked without a sign, where the system gives none; and after which
#: what could not take over is tried again: what it needs may have been missing for a moment.
_HOUR: Final = 3600.0
_ONCE_MORE: Final = 600.0
#: Seconds after which a pipeline is told again: another one may have taken its place.
_AGAIN: Final = 30.0


class Renewal:
    """Looks after one process's files, on a thread of its own."""

    def __init__(
        self,
        own: OwnFiles,
        try_out: Callable[[str], str],
        *,
        renew: Callable[[], None],
        tell: Callable[[str], None],
        rest: float = REST,
        once_more: float = _ONCE_MORE,
    ) -> None:
        """``try_out`` gives why a version cannot take over, "" if it can.

        ``renew`` is called once nothing is under way; ``tell`` hears sentences for people.
        """
        self._own = own
        self._try_out = try_out
        self._renew = renew
        self._tell = tell
        self._rest = rest
        self._once_more = once_more
        self._refused: Installed | None = None
        self._problem = ""
        self._is_holding = False
        # Whether what lies there was one version once, so that another may be coming.
        self._is_clear = own.glance() is not None
        self._noticed = threading.Event()
        self._drained = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, app: App) -> None:
        """Begin; files may have been replaced while the program started."""
        for place in self._own.places:
            app.watch_file(place, self._noticed.set)
        self._noticed.set()
        self._thread = threading.Thread(target=self._run, args=(app,), name="renewal", daemon=True)
        self._thread.start()

    def hear(self, news: object) -> None:
        """Hear that nothing is under way any more."""
        if isinstance(news, Drained):
            self._drained.set()

    def stop(self) -> None:
        """End; what is being tried is not waited for."""
        self._stopping.set()
        self._noticed.set()
        self._drained.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(1.0)

    # -- inside

    def _run(self, app: App) -> None:
        while not self._stopping.is_set():
            again = not self._noticed.wait(self._once_more if self._refused else _HOUR)
            self._noticed.clear()
            try:
                found = self._settled(app, again=again)
                if found is not None and self._take_up(app, found):
                    return
            except Exception:  # noqa: BLE001 - an update must not end what works
                _log.exception("another version could not be looked at")
            self._hold(app, on=False)

    def _settled(self, app: App, *, again: bool) -> Installed | None:
        """What is installed, once it is whole and rests; None if there is nothing to do.

        ``again``: something is to be done about what could not take over before.
        """
        before: Installed | None = None
        looks = 0
        while True:
            found = self._own.glance()
            if found == self._own.running:
                self._forget(app)
                return None
            if found is not None and found == self._refused and not again:
                return None
            if found is not None and found == before and self._own.is_whole(found):
                return found
            self._is_clear = self._is_clear or found is not None
            self._hold(app, on=self._is_clear and looks < _HELD_LOOKS and not again)
            before, looks = found, looks + 1
            if looks == _LOOKS:
                _log.warning("the program's files are neither those of one version nor of another")
            if self._stopping.wait(self._rest if looks < _LOOKS else _SELDOM):
                return None

    def _hold(self, app: App, *, on: bool) -> None:
        """Begin no uploads, or go on with them."""
        if on != self._is_holding and not self._stopping.is_set():
            self._is_holding = on
            _log.info("our files change: %s", "no upload begins" if on else "uploads go on")
            app.post(Drain(on))

    def _forget(self, app: App) -> None:
        """What runs is what is installed."""
        if self._refused is not None:
            self._refused, self._problem = None, ""
            app.note_update(Update())

    def _take_up(self, app: App, found: Installed) -> bool:
        """Try it, and have it take over; whether it does."""
        _log.info("version %s is installed", found.version)
        problem = self._try_out(found.version)
        if self._stopping.is_set():  # by what ended the trial, too
            return True
        if problem:
            self._refuse(app, found, problem)
            return False
        self._refused, self._problem = None, ""
        app.note_update(Update(found.version))
        self._tell("A new version is installed; restarts when the uploads under way are done.")
        self._drained.clear()
        self._is_holding = True
        app.post(Drain())
        while not self._drained.wait(_AGAIN):
            app.post(Drain())
        if self._stopping.is_set():
            return True
        if self._own.glance() != found:  # replaced once more
            app.note_update(Update())
            self._noticed.set()
            return False
        self._renew()
        return True

    def _refuse(self, app: App, found: Installed, problem: str) -> None:
        if (self._refused, self._problem) == (found, problem):
            return
        self._refused, self._problem = found, problem
        app.note_update(Update(found.version, problem))
        self._tell(
            f"The new version {found.version} cannot be used ({problem})."
            " This one goes on; install the new one again."
        )
