"""Notices that the program was replaced by another version, and ends it for that one.

Once another version is in place, no upload begins any more; when those under way are done, the
program stops with the exit code on which the login service starts the new version
(:data:`watcher.model.errors.UPDATED`).
"""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
from typing import TYPE_CHECKING, Final, NamedTuple

import watcher
from watcher.pipeline.messages import Drain, Drained

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.daemon.core import App

_log = logging.getLogger(__name__)

#: Seconds for which the files must not change, as installers replace one after another.
_REST: Final = 2.0

#: Seconds between two checks where the system reports no changes.
_HOUR: Final = 3600.0

#: Seconds after which Drain is sent again: another pipeline may have taken the first one's place.
_AGAIN: Final = 30.0

_METADATA: Final = re.compile(r"hrflow_watcher-(.+)\.dist-info")
_VERSION: Final = re.compile(r'^__version__ = "([^"]+)"', re.MULTILINE)


class InstalledVersion(NamedTuple):
    """A version, and a ``mark`` that differs for every installation, even of the same version.

    The mark is mtime, size and inode of RECORD, () where there is none.
    """

    version: str
    mark: tuple[int, ...] = ()


class OwnFiles:
    """The installation that this process was started from.

    What an installer puts there has a folder of metadata beside it ("Recording installed projects"
    in the Python packaging specifications): its name holds the version, and RECORD, which is
    written last, lists every file. Sources without one (a checkout, an editable installation) have
    only ``__version__``: while that stays the same, their changes are a developer's.
    """

    def __init__(self, folder: str, *, frozen: bool = False) -> None:
        """``folder`` holds the package and its metadata; a ``frozen`` program has no modules."""
        self._folder = folder
        self._frozen = frozen
        self.running = InstalledVersion(watcher.__version__, self._mark(watcher.__version__))
        #: Whether a change can be noticed at all: some distributions strip all metadata.
        self.is_known = bool(self.running.mark or self._version())

    @classmethod
    def of_process(cls) -> OwnFiles:
        """Return the installation of this process."""
        if getattr(sys, "frozen", False):
            inside = getattr(sys, "_MEIPASS", os.path.dirname(sys.executable))
            return cls(str(inside), frozen=True)
        return cls(os.path.dirname(os.path.dirname(os.path.abspath(watcher.__file__))))

    @property
    def places(self) -> tuple[str, ...]:
        """Folders and files that change when another version is installed, or this one again."""
        if not self.running.mark:
            return (self._module(),)
        return self._folder, self._record(self.running.version)

    def look(self) -> InstalledVersion | None:
        """Return what is installed now; None while it is incomplete."""
        version = self._version()
        mark = self._mark(version)
        if not version or (self.running.mark and not mark):
            return None
        return InstalledVersion(version, mark)

    def _version(self) -> str:
        """Return the module's version; of a frozen program the only one that has metadata."""
        try:
            if self._frozen:
                found = list(filter(None, map(_METADATA.fullmatch, os.listdir(self._folder))))
                return found[0][1] if len(found) == 1 else ""
            with open(self._module(), encoding="utf-8") as file:
                read = _VERSION.search(file.read())
        except (OSError, UnicodeError):  # it is being replaced
            return ""
        return read[1] if read else ""

    def _module(self) -> str:
        return os.path.join(self._folder, "watcher", "__init__.py")

    def _record(self, version: str) -> str:
        return os.path.join(self._folder, f"hrflow_watcher-{version}.dist-info", "RECORD")

    def _mark(self, version: str) -> tuple[int, ...]:
        try:
            facts = os.stat(self._record(version))
        except OSError:
            return ()
        return facts.st_mtime_ns, facts.st_size, facts.st_ino


class UpdateWatch:
    """Watches a process's own files, on a thread of its own, until they were replaced."""

    def __init__(
        self,
        own: OwnFiles,
        end: Callable[[], None],
        report: Callable[[str], None],
        *,
        rest: float = _REST,
    ) -> None:
        """``end`` is called once nothing is under way; ``report`` with a sentence for people."""
        self._own = own
        self._end = end
        self._report = report
        self._rest = rest
        self._changed = threading.Event()
        self._drained = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, app: App) -> None:
        """Start watching. The files may have been replaced while the program started."""
        if not self._own.is_known:
            _log.info("updates are not noticed: this installation has no metadata")
            return
        for place in self._own.places:
            app.watch_file(place, self._changed.set)
        self._thread = threading.Thread(target=self._run, args=(app,), name="updates", daemon=True)
        self._thread.start()

    def on_event(self, event: object) -> None:
        """Note that nothing is under way any more."""
        if isinstance(event, Drained):
            self._drained.set()

    def stop(self) -> None:
        """Stop watching."""
        for each in (self._stopping, self._changed, self._drained):
            each.set()
        if self._thread is not None:
            self._thread.join(1.0)

    def _run(self, app: App) -> None:
        before: InstalledVersion | None = self._own.running
        while not self._stopping.is_set():
            found = self._own.look()
            if found == self._own.running:
                self._changed.wait(_HOUR)
                self._changed.clear()
            elif found is None or found != before:
                self._stopping.wait(self._rest)
            else:
                self._make_way(app, found.version)
                return
            before = found

    def _make_way(self, app: App, version: str) -> None:
        self._report(
            f"Version {version} was installed. This one stops when the uploads under way are done."
        )
        app.post(Drain())
        while not self._drained.wait(_AGAIN):
            app.post(Drain())
        if not self._stopping.is_set():
            self._end()
