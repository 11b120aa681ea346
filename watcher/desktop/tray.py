"""Starts the process that shows the icon, feeds it, and starts another one if it ends.

Panels restart, screens and message buses are lost, libraries crash: none of that may affect an
upload. A process of its own also satisfies macOS, where an icon needs the main thread.
"""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import msgspec

from watcher.i18n.message import Message, msg
from watcher.present.menu import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watcher.present.menu import IconView
    from watcher.present.notifications import Notification

_log = logging.getLogger(__name__)

#: Seconds between two views that are sent: a burst of changes costs next to nothing.
_SEND_INTERVAL: Final = 0.3

#: Seconds before the next process, by the number of failures in a row; then none is started.
BACKOFF: Final = (0.2, 1.0, 5.0, 30.0, 120.0)

#: Seconds after which a process counts as one that did not fail.
_STABLE_SECONDS: Final = 60.0

#: The same for one that ended as a panel came or went.
_MOVED_SECONDS: Final = 1.0

#: Seconds that :func:`find_backend` may take.
_FIND_SECONDS: Final = 20.0

#: Exit code of the process: another one should start at once and choose its backend again.
OTHER_HOST: Final = 10

#: Exit code of the process: there is no desktop, so no other one should start.
NO_DESKTOP: Final = 11


class Tray:
    """The icon. :meth:`show`, :meth:`notify` and :meth:`stop` may be called by any thread."""

    def __init__(
        self,
        act: Callable[[Action], None],
        say: Callable[[str], None],
        *,
        environ: Mapping[str, str],
        command: tuple[str, ...] = (),
        backoff: tuple[float, ...] = BACKOFF,
    ) -> None:
        """``act`` is called with clicks; ``say`` once if there is no icon, with how to get one.

        Both on a thread of the tray. ``command`` and ``backoff`` are for tests.
        """
        self._act = act
        self._say = say
        self._environ = dict(environ)
        self._command = command or process_command()
        self._backoff = backoff
        self._thread = threading.Thread(target=self._run, name="tray", daemon=True)
        self._changed = threading.Condition()  # guards the next four
        self._view: IconView | None = None
        self._messages: deque[tuple[str, str]] = deque()
        self._stopping = False
        self._ended: subprocess.Popen[bytes] | None = None  # the last process whose output ended
        self._process: subprocess.Popen[bytes] | None = None
        self._has_said = False
        self.backend = ""

    def start(self) -> None:
        """Show the icon from the first view on."""
        self._thread.start()

    def show(self, view: IconView) -> None:
        """Show this from now on."""
        with self._changed:
            self._view = view
            self._changed.notify()

    def notify(self, notification: Notification) -> None:
        """Show a notification through the icon, if its backend can."""
        if self._thread.is_alive():
            with self._changed:
                self._messages.append((notification.title, notification.text))
                self._changed.notify()

    def stop(self, seconds: float = 3.0) -> None:
        """Remove the icon; it is gone when this returns."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(seconds)
        if self._thread.is_alive() and self._process is not None:  # it no longer reads its input
            self._process.kill()
            self._thread.join(seconds)

    # -- On the tray's thread

    def _run(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._view is not None)
        failures = 0
        while not self._stopping:
            began = time.monotonic()
            code = self._run_process()
            self.backend = ""
            if code is None or code == NO_DESKTOP:
                break
            stable = _MOVED_SECONDS if code == OTHER_HOST else _STABLE_SECONDS
            failures = 0 if time.monotonic() - began > stable else failures + 1
            if failures > len(self._backoff):
                _log.error("the icon's process ended %d times in a row; giving up", failures)
                break
            if code != OTHER_HOST:
                _log.warning("the icon's process has ended (%s); restarting it", code)
            with self._changed:
                self._changed.wait_for(lambda: self._stopping, self._backoff[max(0, failures - 1)])

    def _run_process(self) -> int | None:
        """Run one process from start to end; return its exit code, None if it was stopped."""
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
        assert process.stdin is not None
        assert process.stdout is not None
        reader = threading.Thread(target=self._read, args=(process,), name="tray-clicks")
        reader.daemon = True
        reader.start()
        self._feed(process)
        with contextlib.suppress(OSError):  # it may have ended in the middle of a line
            process.stdin.close()
        try:
            code = process.wait(3.0)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        reader.join()
        process.stdout.close()
        return None if self._stopping else code

    def _feed(self, process: subprocess.Popen[bytes]) -> None:
        """Send views and notifications until the process ends or is to be stopped."""
        sent: IconView | None = None

        def is_over() -> bool:
            return self._stopping or self._ended is process

        def has_work() -> bool:
            return is_over() or bool(self._messages) or self._view != sent

        while True:
            with self._changed:
                self._changed.wait_for(has_work)
                if is_over():
                    return
                message = self._messages.popleft() if self._messages else None
                view = self._view
            if message is not None:
                _send(process, {"notify": message})
            if view is not None and view != sent:
                _send(process, msgspec.to_builtins(view))
                sent = view
                with self._changed:
                    self._changed.wait_for(is_over, _SEND_INTERVAL)

    # -- On a thread for each process

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        """Handle what a process writes, until it ends."""
        assert process.stdout is not None
        for line in process.stdout:
            try:
                self._handle(json.loads(line))
            except Exception:  # noqa: BLE001 - a click that fails must not end the icon
                _log.exception("a click on the icon failed")
        with self._changed:
            self._ended = process
            self._changed.notify()

    def _handle(self, output: dict[str, Any]) -> None:
        match output:
            case {"action": action}:
                self._act(msgspec.convert(action, Action))
            case {"shown": str(backend)}:
                self.backend, self._has_said = backend, True  # advice is not needed any more
                _log.info("the icon is shown through %s", backend)
            case {"log": int(level), "text": str(text)}:
                _log.log(level, "%s", text)
            case {"no_icon": str(reason)}:
                _log.info("no icon: %s", reason)
            case {"no_host": True}:
                _log.info("no icon: nothing on this desktop shows one")
                if not self._has_said:
                    self._has_said = True
                    self._say(str(advice(self._environ)))
            case _:
                pass


def _send(process: subprocess.Popen[bytes], value: dict[str, Any]) -> None:
    """Write a line of JSON, which is ASCII and so keeps the lone surrogates of a path."""
    assert process.stdin is not None
    with contextlib.suppress(OSError):  # it has ended: its reader notices
        process.stdin.write(json.dumps(value).encode() + b"\n")
        process.stdin.flush()


def process_command() -> tuple[str, ...]:
    """Return the command of the icon's process.

    -P: modules in the current directory must not be run.
    """
    return (sys.executable, "-P", "-m", "watcher.desktop")


def advice(environ: Mapping[str, str]) -> Message:
    """Return how to get an icon on a Linux desktop where nothing shows one."""
    if "gnome" in environ.get("XDG_CURRENT_DESKTOP", "").lower().split(":"):
        return msg(
            "There is no icon, as GNOME doesn't show any by itself. To get one, install the"
            " extension AppIndicator and KStatusNotifierItem Support."
        )
    return msg(
        "There is no icon, as this desktop has no place for one. It will appear once a panel with a"
        " system tray runs; everything else works without it."
    )


def find_backend(environ: Mapping[str, str]) -> str:
    """Return what would show an icon on this Linux desktop, "" if nothing would.

    This is found out in a process of its own, as the libraries for it take memory.

    Raises:
        OSError, subprocess.SubprocessError: it could not be found out.
    """
    done = subprocess.run(  # noqa: S603 - our own program
        [*process_command(), "--find-backend"], env=dict(environ), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_FIND_SECONDS, check=True,
    )  # fmt: skip
    for line in done.stdout.splitlines():
        output = json.loads(line)
        if "backend" in output:
            return str(output["backend"])
    raise subprocess.SubprocessError


def has_desktop(platform: str, environ: Mapping[str, str]) -> bool:
    """Whether there is a desktop at all; ``platform`` as ``sys.platform`` has it."""
    if platform in ("win32", "darwin"):
        return True
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
