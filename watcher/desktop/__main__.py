"""The process that shows the icon: ``python -m watcher.desktop``, started by the running program.

It reads views from its input, one JSON object a line, and writes clicks to its output. It ends
when its input does, so that no icon outlives the program.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

import msgspec

from watcher.desktop.tray import NO_DESKTOP, OTHER_HOST
from watcher.present.menu import IconView

if TYPE_CHECKING:
    from typing import BinaryIO, TextIO

    from watcher.desktop.backends import TrayIcon
    from watcher.present.menu import Action

#: Whether pystray is the only way to show an icon, and always there.
_HAS_ONE_BACKEND: Final = sys.platform in ("win32", "darwin")

#: Seconds that libraries have to show the icon where something can.
_SHOW_SECONDS: Final = 30.0

#: Seconds that libraries have to end once the icon is stopped.
_END_SECONDS: Final = 2.0
_log = logging.getLogger(__name__)


class Output:
    """Writes to the program: one JSON object a line, from any thread."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, **values: Any) -> None:
        """Write one line; if the program has ended, this process ends as well."""
        try:
            with self._lock:
                self._stream.write(json.dumps(values).encode() + b"\n")
                self._stream.flush()
        except OSError:
            os._exit(0)


class _LogHandler(logging.Handler):
    """Sends what is logged here to the program's log."""

    def __init__(self, output: Output) -> None:
        super().__init__(logging.INFO)
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        self._output.write(log=record.levelno, text=self.format(record))


class IconProcess:
    """Shows the views that it reads."""

    def __init__(self, output: Output, views: TextIO) -> None:
        self._output = output
        self._views = views
        self._icon: TrayIcon | None = None
        self._view: IconView | None = None
        self._lock = threading.Lock()
        self._has_view = threading.Event()

    def run(self) -> int:
        """Show the icon until it is stopped or its host is gone; return the exit code."""
        threading.Thread(target=self._read, name="views", daemon=True).start()
        self._has_view.wait()
        backend = sys.platform if _HAS_ONE_BACKEND else self._wait_for_host()
        if not backend:
            return NO_DESKTOP
        late = threading.Timer(_SHOW_SECONDS, self._give_up)
        late.start()
        from watcher.desktop.backends import TrayIcon  # noqa: PLC0415 - takes memory

        with self._lock:
            assert self._view is not None
            try:
                icon = self._icon = TrayIcon(backend, self._view, self._clicked)
            except ImportError as error:
                self._output.write(no_icon=str(error))
                return NO_DESKTOP
        if not _HAS_ONE_BACKEND:
            watch = threading.Thread(target=_leave_for_other, args=(backend,), name="hosts")
            watch.daemon = True
            watch.start()

        def shown() -> None:
            late.cancel()
            self._output.write(shown=backend)

        try:
            icon.run(shown)
        except OSError as error:
            _log.info("the message bus has gone: %s", error)
        return OTHER_HOST  # if it was not stopped, its host has gone

    def _give_up(self) -> None:
        """End the process, so that another one is started: a library hangs."""
        _log.warning("the icon was not shown within %d seconds", _SHOW_SECONDS)
        os._exit(1)

    def _wait_for_host(self) -> str:
        from watcher.desktop.session import HostMonitor  # noqa: PLC0415 - on Linux only

        return HostMonitor(os.environ).wait_for_backend(lambda: self._output.write(no_host=True))

    def _read(self) -> None:
        """Handle the input, and end the process with it."""
        for line in self._views:
            read = json.loads(line)
            with self._lock:
                if "notify" not in read:
                    self._view = msgspec.convert(read, IconView)
                    if self._icon is not None:
                        self._icon.show(self._view)
                    self._has_view.set()
                elif self._icon is not None:
                    self._icon.notify(*read["notify"])
        threading.Timer(_END_SECONDS, os._exit, (0,)).start()
        with self._lock:
            if self._icon is None:
                os._exit(0)
            self._icon.stop()

    def _clicked(self, action: Action) -> None:
        self._output.write(action=msgspec.to_builtins(action))


def _find_backend(output: Output) -> int:
    """Write what would show an icon now; return the exit code."""
    from watcher.desktop.session import HostMonitor  # noqa: PLC0415 - on Linux only

    output.write(backend=HostMonitor(os.environ).best_backend())
    return 0


def _leave_for_other(backend: str) -> None:
    """End the process when another backend is better, or the host of this one has gone."""
    from watcher.desktop.session import HostMonitor  # noqa: PLC0415 - on Linux only

    try:
        HostMonitor(os.environ).wait_for_other(backend)
    except OSError as error:
        _log.info("the desktop has gone: %s", error)
    os._exit(OTHER_HOST)


def main() -> int:
    """Run the process; return its exit code."""
    output = Output(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # what libraries print must not get among the lines
    logging.basicConfig(
        level=logging.INFO, handlers=[_LogHandler(output)], format="%(name)s: %(message)s"
    )
    try:
        if sys.argv[1:] == ["--find-backend"]:
            return _find_backend(output)
        return IconProcess(output, sys.stdin).run()
    except Exception:  # noqa: BLE001 - whatever it is, it goes to the program's log
        _log.exception("the icon's process has failed")
        return 1


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # threads of libraries must not keep it alive
