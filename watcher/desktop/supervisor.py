"""Starts the process that shows the icon, feeds it, and starts another one if it ends.

Panels restart, screens and message buses are lost, foreign libraries crash: none of that may end
an upload. It also is what the main-thread rule of macOS asks for: the icon has the
main thread of its own process.
"""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from watcher.desktop.face import read_act, write_face

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watcher.desktop.face import Face
    from watcher.present.menu import Act

_log = logging.getLogger(__name__)

#: Among what a tray is told: that there is another face.
_NEW_FACE: Final = object()

#: Seconds between two faces: whoever looks sees no more, and a burst costs next to nothing.
_BETWEEN: Final = 0.3

#: Seconds before another process is started, by how many have failed in a row; then none is.
BACKOFF: Final = (0.2, 1.0, 5.0, 30.0, 120.0)

#: Seconds after which a process counts as one that did not fail.
_PROVEN: Final = 60.0

#: The same for one that ended because a panel came or went.
_MOVED: Final = 1.0
_LOOK_SECONDS: Final = 20.0

#: Exit codes of the process: see ``watcher.desktop.__main__``.
_OTHER_HOST, _NO_DESKTOP = 10, 11


class Tray:
    """The icon. :meth:`show` and :meth:`notify` return at once and may be called by any thread."""

    def __init__(
        self,
        act: Callable[[Act], None],
        tell: Callable[[str], None],
        *,
        environ: Mapping[str, str],
        command: tuple[str, ...] = (),
        backoff: tuple[float, ...] = BACKOFF,
    ) -> None:
        """``act`` hears of clicks; ``tell`` once, if there is no icon, why.

        Both on a thread of the tray. ``command`` starts the process; it is started again
        after ``backoff``, seconds each, and then no more.
        """
        self._act = act
        self._tell = tell
        self._environ = dict(environ)
        self._command = command or process_command()
        self._backoff = backoff
        self._inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="tray", daemon=True)
        self._lock = threading.Lock()
        self._next: Face | None = None  # not taken yet; only the latest is kept
        self._face: Face | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._told = False
        self.backend = ""

    def start(self) -> None:
        """Show the icon from the first face on."""
        self._thread.start()

    def show(self, face: Face) -> None:
        """Show this from now on."""
        with self._lock:
            is_known, self._next = self._next is not None, face
        if not is_known:
            self._inbox.put(_NEW_FACE)

    def notify(self, title: str, text: str) -> None:
        """Show a message through the panel, if it can."""
        if self._thread.is_alive():
            self._inbox.put((title, text))

    def stop(self, seconds: float = 3.0) -> None:
        """Take the icon away; it is gone when this returns."""
        self._inbox.put(None)
        self._thread.join(seconds)
        if self._thread.is_alive() and self._process is not None:  # it reads nothing any more
            self._process.kill()
            self._thread.join(seconds)

    # -- inside, all on one thread but for `_read`

    def _run(self) -> None:
        failed = 0
        is_wanted = self._await_face()
        while is_wanted:
            began = time.monotonic()
            code = self._live()
            self.backend = ""
            if code is None or code == _NO_DESKTOP:
                break
            lived = time.monotonic() - began
            failed = 0 if lived > (_MOVED if code == _OTHER_HOST else _PROVEN) else failed + 1
            if failed > len(self._backoff):
                _log.error("the icon's process ended %d times in a row: it is left at that", failed)
                break
            if code != _OTHER_HOST:
                _log.warning("the icon's process has ended (%s); another one is started", code)
            is_wanted = self._rest(self._backoff[max(0, failed - 1)])

    def _await_face(self) -> bool:
        """Wait for the first face; whether there was one before the end."""
        while (news := self._inbox.get()) is not None:
            if news is _NEW_FACE:
                self._take_face()
                return True
        return False

    def _take_face(self) -> None:
        with self._lock:
            self._face, self._next = self._next or self._face, None

    def _live(self) -> int | None:
        """One process from its start to its end; its exit code, or None if it was to end."""
        try:
            process = self._process = subprocess.Popen(  # noqa: S603 - our own program
                self._command,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env=self._environ, start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )  # fmt: skip
        except OSError as error:
            _log.warning("the icon's process cannot be started: %s", error)
            return 1
        reader = threading.Thread(target=self._read, args=(process,), name="tray-clicks")
        reader.daemon = True
        reader.start()
        wanted = self._feed(process)
        with contextlib.suppress(OSError):  # it may have ended in the middle of a line
            process.stdin.close()  # type: ignore[union-attr] # a pipe, see above
        try:
            code = process.wait(3.0)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        reader.join()
        process.stdout.close()  # type: ignore[union-attr] # a pipe, see above
        return code if wanted else None

    def _feed(self, process: subprocess.Popen[bytes]) -> bool:
        """Hand faces on; whether another process is wanted when this one has ended."""
        shown: Face | None = None
        while True:
            if self._face is not None and self._face != shown:
                shown = self._face
                _write(process, write_face(shown))
                self._gather(time.monotonic() + _BETWEEN)
                continue
            match news := self._inbox.get():
                case None:
                    return False
                case _ if news is _NEW_FACE:
                    self._take_face()
                case (str(title), str(text)):
                    _write(process, json.dumps({"notify": [title, text]}))
                case subprocess.Popen() if news is process:
                    return True
                case _:
                    pass

    def _gather(self, until: float) -> None:
        """Let faces that follow quickly pass, but for the last."""
        kept = []
        while (left := until - time.monotonic()) > 0:
            try:
                news = self._inbox.get(timeout=left)
            except queue.Empty:
                break
            if news is _NEW_FACE:
                self._take_face()
                continue
            kept.append(news)
            if news is None or isinstance(news, subprocess.Popen):
                break
        for news in kept:
            self._inbox.put(news)

    def _rest(self, seconds: float) -> bool:
        """Wait before another process; whether one is wanted still."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                news = self._inbox.get(timeout=left)
            except queue.Empty:
                break
            if news is None:
                return False
            if news is _NEW_FACE:
                self._take_face()
        return True

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        """Hear what a process says, to its end; on a thread of its own."""
        assert process.stdout is not None
        for line in process.stdout:
            try:
                self._hear(json.loads(line))
            except Exception:  # noqa: BLE001 - a click must not end the icon
                _log.exception("a click could not be obeyed")
        self._inbox.put(process)

    def _hear(self, said: dict[str, Any]) -> None:
        match said:
            case {"act": act}:
                self._act(read_act(act))
            case {"shown": str(backend)}:
                self.backend, self._told = backend, True  # from here on it is known how to get one
                _log.info("the icon is shown through %s", backend)
            case {"log": int(level), "text": str(text)}:
                _log.log(level, "%s", text)
            case {"none": str(advice)}:
                _log.info("no icon: %s", said.get("why", advice))
                if advice and not self._told:
                    self._told = True
                    self._tell(advice)
            case _:
                pass


def _write(process: subprocess.Popen[bytes], line: str) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError):  # it has ended: its reader says so
        process.stdin.write(line.encode() + b"\n")
        process.stdin.flush()


def process_command() -> tuple[str, ...]:
    """How this program starts its icon's process.

    -P: what lies in the directory in which the program was started is not to be run.
    """
    return (sys.executable, "-P", "-m", "watcher.desktop")


def look(environ: Mapping[str, str]) -> tuple[str, str]:
    """(backend that would show an icon on this Linux desktop, "") or ("", how to get one).

    OSError or SubprocessError where that cannot be found out. In a process of its own, as the
    libraries for it take memory.
    """
    done = subprocess.run(  # noqa: S603 - our own program
        [*process_command(), "--look"], env=dict(environ), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_LOOK_SECONDS, check=True,
    )  # fmt: skip
    for line in done.stdout.splitlines():
        said = json.loads(line)
        if "backend" in said:
            return said["backend"], "" if said["backend"] else said["advice"]
    raise subprocess.SubprocessError


def may_have_icon(platform: str, environ: Mapping[str, str]) -> bool:
    """Whether there is a desktop at all; without one no process is started.

    ``platform`` is that of ``sys.platform``.
    """
    if platform in ("win32", "darwin"):
        return True
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
