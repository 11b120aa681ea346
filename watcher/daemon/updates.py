"""Notices that another version of the program was installed, and stops for it.

Installers replace the files under a running program. From the first sign of that no upload begins,
because a module that is imported late would be another version's. Once the new files are in place
and the uploads under way are done, the program stops with the exit code on which the login service
starts the new version (:data:`watcher.model.errors.UPDATED`). Files that stay incomplete stop it as
well: the service tries to start it until they are complete.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple

import watcher
from watcher.pipeline.messages import Drain, Drained

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.daemon.core import App

_log = logging.getLogger(__name__)

#: Seconds for which the files must not change, as installers replace one after another.
_REST: Final = 2.0

#: Seconds after which files that are still incomplete stop the program.
_PATIENCE: Final = 300.0

#: Seconds between two checks where the system reports no changes.
_HOUR: Final = 3600.0

#: Seconds after which Drain is sent again: another pipeline may have taken the first one's place.
_AGAIN: Final = 30.0

_METADATA: Final = re.compile(r"hrflow_watcher-(.+)\.dist-info")
_VERSION: Final = re.compile(r'^__version__ = "([^"]+)"', re.MULTILINE)


class Installed(NamedTuple):
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
        self.running = Installed(watcher.__version__, self._mark(watcher.__version__))
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

    def look(self) -> Installed | None:
        """Return what is installed now; None while it is incomplete."""
        version = self._version()
        mark = self._mark(version)
        if not version or (self.running.mark and not mark):
            return None
        return Installed(version, mark)

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


class _ImportGuard:
    """Refuses to import modules of ours once their files are another version's."""

    def __init__(self, own: OwnFiles) -> None:
        self._own = own

    def find_spec(self, name: str, *_: object) -> None:
        """Raise ImportError for them; Python calls this before it looks for any module."""
        if name.startswith("watcher.") and self._own.look() != self._own.running:
            raise ImportError(f"{name} belongs to another version, which was just installed")


class UpdateWatch:
    """Watches a process's own files, on a thread of its own, until they were replaced."""

    def __init__(
        self,
        own: OwnFiles,
        end: Callable[[], None],
        report: Callable[[str], None],
        *,
        rest: float = _REST,
        patience: float = _PATIENCE,
    ) -> None:
        """``end`` is called once nothing is under way; ``report`` with a sentence for people."""
        self._own = own
        self._guard = _ImportGuard(own)
        self._end = end
        self._report = report
        self._rest = rest
        self._patience = patience
        self._noticed = threading.Event()
        self._drained = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, app: App) -> None:
        """Start watching. The files may have been replaced while the program started."""
        if not self._own.is_known:
            _log.info("updates are not noticed: this installation has no metadata")
            return
        sys.meta_path.insert(0, self._guard)
        for place in self._own.places:
            app.watch_file(place, self._noticed.set)
        self._noticed.set()
        self._thread = threading.Thread(target=self._run, args=(app,), name="updates", daemon=True)
        self._thread.start()

    def on_event(self, event: object) -> None:
        """Note that nothing is under way any more."""
        if isinstance(event, Drained):
            self._drained.set()

    def stop(self) -> None:
        """Stop watching."""
        self._stopping.set()
        self._noticed.set()
        self._drained.set()
        if self._guard in sys.meta_path:
            sys.meta_path.remove(self._guard)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(1.0)

    def _run(self, app: App) -> None:
        while not self._stopping.is_set():
            self._noticed.wait(_HOUR)
            self._noticed.clear()
            if self._is_replaced(app):
                self._drain(app)
                return

    def _is_replaced(self, app: App) -> bool:
        """Return whether this installation is gone for good; until then no upload begins."""
        before: Installed | None = self._own.running
        deadline = time.monotonic() + self._patience
        while (found := self._own.look()) != self._own.running:
            if found is not None and found == before:
                self._report(
                    f"Version {found.version} was installed."
                    " This one stops when the uploads under way are done."
                )
                return True
            if time.monotonic() > deadline:
                self._report(
                    "The program's files are incomplete."
                    " It stops when the uploads under way are done; install it again."
                )
                return True
            if before == self._own.running:
                _log.info("the program's files are being replaced: no upload begins")
            app.post(Drain())
            before = found
            if self._stopping.wait(self._rest):
                return False
        if before != self._own.running:
            _log.info("the program's files are as they were: uploads resumed")
            app.post(Drain(on=False))
        return False

    def _drain(self, app: App) -> None:
        self._drained.clear()
        app.post(Drain())
        while not self._drained.wait(_AGAIN):
            app.post(Drain())
        if not self._stopping.is_set():
            self._end()
