"""The process that shows the icon: ``python -m watcher.desktop``, started by the running program.

It reads faces from its input, one JSON object a line, and writes clicks to its output. It ends
when its input does, so that no icon outlives the program. Whatever happens to it (a library that
crashes, a panel that goes, a screen that is lost) does not happen to the uploads; the program
starts another one.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from watcher.desktop.face import read_face

if TYPE_CHECKING:
    from typing import BinaryIO, TextIO

    from watcher.desktop.backends import Show
    from watcher.desktop.face import Face
    from watcher.present.menu import Act

#: Exit codes: what the program does about the end.
OTHER_HOST: Final = 10  # start another one at once, which chooses anew
NO_DESKTOP: Final = 11  # start none: there is nothing to look at

#: Whether the system has but one way to show an icon.
ON_ONE_WAY: Final = sys.platform in ("win32", "darwin")

#: Seconds that a panel may come later than the program, as when a person logs in.
_PATIENCE: Final = 5.0
_log = logging.getLogger(__name__)


class Line:
    """To the program: one JSON object a line; may be written by any thread."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, **values: Any) -> None:
        """Write it whole; a program that has ended reads no more, and that is the end here too."""
        try:
            with self._lock:
                self._stream.write(json.dumps(values).encode() + b"\n")
                self._stream.flush()
        except OSError:
            os._exit(0)


class _LogLines(logging.Handler):
    """What is logged here goes to the program's log."""

    def __init__(self, line: Line) -> None:
        super().__init__(logging.INFO)
        self._line = line

    def emit(self, record: logging.LogRecord) -> None:
        self._line.write(log=record.levelno, text=self.format(record))


class Process:
    """From the first line read to the end."""

    def __init__(self, line: Line, faces: TextIO) -> None:
        self._line = line
        self._faces = faces
        self._show: Show | None = None
        self._latest: Face | None = None
        self._lock = threading.Lock()
        self._first = threading.Event()

    def run(self) -> int:
        """Show the icon as long as it is wanted and somebody shows it; gives the exit code."""
        threading.Thread(target=self._read, name="faces", daemon=True).start()
        self._first.wait()
        backend = sys.platform if ON_ONE_WAY else _wait_for_host(self._line)
        if not backend:
            return NO_DESKTOP
        from watcher.desktop.backends import Show  # noqa: PLC0415 - takes memory

        with self._lock:
            assert self._latest is not None
            try:
                show = self._show = Show(backend, self._latest, self._clicked)
            except ImportError as error:
                self._line.write(none="", why=str(error))
                return NO_DESKTOP
        if not ON_ONE_WAY:
            watch = threading.Thread(target=_leave_when_other, args=(backend,), name="hosts")
            watch.daemon = True
            watch.start()
        try:
            show.run(lambda: self._line.write(shown=backend))
        except OSError as error:
            _log.info("the message bus has gone: %s", error)
        return OTHER_HOST  # unless it was to end, what showed it has gone

    def _read(self) -> None:
        """Take up each line until there is none any more."""
        for text in self._faces:
            read = json.loads(text)
            with self._lock:
                if "notify" in read and self._show is not None:
                    self._show.notify(*read["notify"])
                elif "menu" in read:
                    self._latest = read_face(read)
                    if self._show is not None:
                        self._show.show(self._latest)
                    self._first.set()
        threading.Timer(2.0, os._exit, (0,)).start()  # for libraries that do not let go
        with self._lock:
            if self._show is None:
                os._exit(0)
            self._show.stop()

    def _clicked(self, act: Act) -> None:
        self._line.write(act=asdict(act))


def _wait_for_host(line: Line) -> str:
    """What the icon is shown through, once there is something; "" if there is nothing to watch."""
    from watcher.desktop.session import Watch, advice  # noqa: PLC0415 - on Linux only

    watch = Watch(os.environ)
    patience: float | None = _PATIENCE
    while not (found := watch.look()):
        if not watch.is_blind and watch.wait(patience):
            continue
        if patience is not None:
            line.write(none=advice(os.environ.get("XDG_CURRENT_DESKTOP", "")))
        patience = None
        if watch.is_blind:
            return ""
    return found


def look(line: Line) -> int:
    """Say what would show an icon now, and how to get one; gives the exit code."""
    from watcher.desktop.session import Watch, advice  # noqa: PLC0415 - on Linux only

    backend = Watch(os.environ).look()
    line.write(backend=backend, advice=advice(os.environ.get("XDG_CURRENT_DESKTOP", "")))
    return 0


def _leave_when_other(backend: str) -> None:
    """End the process when another backend is the right one, or its host has gone."""
    from watcher.desktop.session import Watch  # noqa: PLC0415 - on Linux only

    watch = Watch(os.environ)
    try:
        while not is_time_to_leave(backend, watch.look()):
            watch.wait()
    except OSError as error:
        _log.info("the desktop has gone: %s", error)
    os._exit(OTHER_HOST)


def is_time_to_leave(backend: str, best: str) -> bool:
    """Whether another process would do better than one with ``backend``; ``best`` is best now.

    A StatusNotifier icon waits for a host that comes back; the window of X11 is lost with its
    host.
    """
    return best != backend and (bool(best) or backend == "xorg")


def main() -> int:
    """Keep the output for lines alone: libraries write what they like to the other one."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    line = Line(output)
    logging.basicConfig(
        level=logging.INFO, handlers=[_LogLines(line)], format="%(name)s: %(message)s"
    )
    try:
        return look(line) if sys.argv[1:] == ["--look"] else Process(line, sys.stdin).run()
    except Exception:  # noqa: BLE001 - said to the program's log, whatever it is
        _log.exception("the icon's process has failed")
        return 1


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # threads of libraries do not keep it
