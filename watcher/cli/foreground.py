"""What commands share that run until they are stopped: signals, live lines, the log file."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import select
import signal
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from watcher.cli.output import Styled, say, say_json, shown_path
from watcher.i18n.message import Message
from watcher.model.entries import Entry
from watcher.model.errors import JournalError, WatcherError
from watcher.model.files import FolderState
from watcher.model.kinds import State
from watcher.model.lifecycle import ARRIVED
from watcher.model.reasons import BURST_WAITS, EXISTING_WAITS, EXISTING_WENT, UNFINISHED
from watcher.pipeline.messages import Reachability
from watcher.present import listing, view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.daemon.core import App
    from watcher.daemon.state_folder import Places


class StopSignal:
    """Set once by any thread or signal; waiting for it never misses a signal.

    A signal that arrives just before a thread begins to wait for a lock would be noticed only when
    that wait ends. So :meth:`wait` waits for bytes on a socket, which a signal writes, too.
    """

    def __init__(self) -> None:
        self._set = threading.Event()
        self.exit_code = 0
        self._read, self._written = socket.socketpair()
        self._read.settimeout(0.0)
        self._written.settimeout(0.0)

    def set(self, exit_code: int = 0) -> None:
        """Ask the program to stop; the first caller decides the exit code."""
        if not self._set.is_set():
            self.exit_code = exit_code
        self._set.set()
        with contextlib.suppress(OSError):  # full or closed: nobody is waiting
            self._written.send(b"!")

    def is_set(self) -> bool:
        """Whether the program was asked to stop."""
        return self._set.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait up to ``seconds``; return whether the program was asked to stop. For one thread."""
        deadline = time.monotonic() + seconds
        while not self.is_set() and (left := deadline - time.monotonic()) > 0:
            if select.select([self._read], [], [], left)[0]:
                with contextlib.suppress(BlockingIOError):
                    self._read.recv(64)
        return self.is_set()

    def fileno(self) -> int:
        """The socket to which a signal writes a byte."""
        return self._written.fileno()

    def close(self) -> None:
        """Release the sockets."""
        self._read.close()
        self._written.close()


@contextmanager
def stop_signal() -> Iterator[StopSignal]:
    """Yield what is set by Ctrl-C and the system's other signals to stop. For the main thread."""
    stop = StopSignal()
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    woken = signal.set_wakeup_fd(stop.fileno(), warn_on_full_buffer=False)
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        stop.close()


_log = logging.getLogger(__name__)

#: States that are worth a line; the others pass too quickly to be read.
_SHOWN = frozenset(State) - {State.NOTICED, State.QUEUED, State.BASELINE, State.UPLOADING}

#: How many files' last lines are remembered: filing away follows within minutes.
_REMEMBERED = 2000


class LiveLines:
    """Writes what happens as it happens, a line for a file; JSON lines for scripts."""

    def __init__(self, stop: StopSignal, *, as_json: bool) -> None:
        """``stop`` is set when nobody reads the lines any more."""
        self._stop = stop
        self.as_json = as_json
        self._mute = False
        self._holds: set[Message] = set()  # reasons that were written, until a file arrives
        self._written: dict[int, tuple[State, float, Message]] = {}

    @property
    def states(self) -> frozenset[State]:
        """The states of files that are written; NOTICED for those that cannot be read yet."""
        return frozenset(State) if self.as_json else _SHOWN | {State.NOTICED}

    def __call__(self, event: object) -> None:
        """Write an event; on the pipeline's thread, which no failed line may end."""
        if self._mute:
            return
        try:
            self.write(event)
        except click.exceptions.Exit:
            self._mute = True
            self._stop.set()
        except OSError as error:
            self._mute = True
            _log.warning("no more lines are written: %s", error)

    def write(self, event: object) -> None:
        """Write an event, if it is worth a line."""
        match event:
            case Entry() if self.as_json:
                say_json(listing.record(event))
            case Entry(state=state) if state in _SHOWN or is_put_off(event):
                if self._note_if_new(event):
                    self._write_entry(event)
            case FolderState() | Reachability() | Message() | str() if not self.as_json:
                _write_event(event)
            case _:
                pass

    def _note_if_new(self, entry: Entry) -> bool:
        """Note a file's next line if more than its place has changed; return whether it has.

        For files that wait for approval together, there is one line for all.
        """
        if entry.why in (EXISTING_WAITS, EXISTING_WENT, BURST_WAITS):
            return False
        now = (entry.state, entry.changed_at, entry.filing_why)
        if self._written.get(entry.file_id) == now:
            return False
        self._written[entry.file_id] = now
        if len(self._written) > _REMEMBERED:
            del self._written[next(iter(self._written))]
        return True

    def _write_entry(self, entry: Entry) -> None:
        """A file's line; why files are held is in the first one's."""
        summary, display = listing.summary(entry), view.display(entry)
        if entry.state in ARRIVED:
            self._holds.clear()
        elif entry.state is State.HELD:
            if entry.why in self._holds:
                summary = f"{display.label} for the same reason"
            self._holds.add(entry.why)
        clock = Styled(time.strftime("%H:%M:%S"), "quiet")
        name = Styled(f"{display.sign} {view.name(entry)}", display.tone)
        gap = " " if summary.startswith("→") else ": "
        say(clock, " ", name, gap, summary, hang=len("00:00:00 ✓ "))


def is_put_off(entry: Entry) -> bool:
    """Whether a file is incomplete, or could not be read for the first time.

    Later tries to read it have no line.
    """
    is_first = entry.attempt == 1 and bool(entry.why)
    return entry.state is State.NOTICED and (is_first or entry.why in UNFINISHED)


def _write_event(event: FolderState | Reachability | Message | str) -> None:
    match event:
        case FolderState(folder, problem) if not problem:
            say(Styled(f"Watching {shown_path(folder)}", "quiet"))
        case FolderState(_, problem):
            say(Styled(f"! {problem}", "bad"))
        case Reachability(0):
            say(Styled("HrFlow is reachable again.", "good"))
        case Reachability():
            say(Styled("! HrFlow can't be reached; retrying automatically.", "bad"))
        case Message() | str():
            say(Styled(f"! {event}", "bad"))


class _LogFile(logging.handlers.RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name it has
        """Say nothing elsewhere about a log that cannot be written, as on a full disk."""

    def close(self) -> None:
        """Close it, without an error that would hide why the command ended."""
        with suppress(OSError):
            super().close()


@contextmanager
def log_to(places: Places, level: str) -> Iterator[None]:
    """Log to the program's own file, readable by its owner only, of 1 MB, with 5 older ones."""
    places.prepare()
    try:
        handler = _LogFile(places.log, maxBytes=1_000_000, backupCount=5, encoding="utf-8")
        os.chmod(places.log, 0o600)
    except OSError as error:
        raise places.unusable(error) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.setLevel(level.upper())
    everything, ours = logging.getLogger(), logging.getLogger("watcher")
    before = ours.level
    everything.addHandler(handler)  # what libraries warn of, but not their every step
    ours.setLevel(level.upper())
    try:
        yield
    except WatcherError as error:
        if isinstance(error, JournalError):  # others may name a person's file
            _log.error("%s", error)
        raise  # shown by the command that ends
    except Exception:
        _log.exception("the command failed")
        raise
    finally:
        everything.removeHandler(handler)
        ours.setLevel(before)
        handler.close()


def wait_for_end(app: App, stop: StopSignal) -> None:
    """Return when asked to stop; WatcherError if the program fails before."""
    watcher = threading.Thread(target=_set_when_ended, args=(app, stop), daemon=True)
    watcher.start()
    while not stop.wait(3600.0):
        pass
    if app.failure is not None:
        raise WatcherError(
            "hrflow-watcher had to stop for an unexpected reason.",
            "Nothing is lost. Start it again; the log has details.",
        )


def _set_when_ended(app: App, stop: StopSignal) -> None:
    app.wait()
    if app.failure is not None or not stop.is_set():
        stop.set()
