"""Being asked to end: by Ctrl-C, by a polite signal, or by a thread of our own."""

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
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from watcher.cli.output import say, say_json, styled
from watcher.i18n.message import Message
from watcher.model.errors import JournalError, WatcherError
from watcher.model.files import FolderState
from watcher.model.kinds import State
from watcher.model.lifecycle import ARRIVED, EXISTING_WAITS, EXISTING_WENT
from watcher.model.records import Entry
from watcher.pipeline.messages import Connection
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watcher.daemon.core import App
    from watcher.daemon.instance import Places


class StopSignal:
    """Set once by any thread or signal; waiting for it never misses a signal.

    A signal that comes just before a thread begins to wait for a lock would be noticed only
    when that wait ends: so it is waited for bytes, which a signal writes too.
    """

    def __init__(self) -> None:
        self._set = threading.Event()
        self.exit_code = 0
        self._read, self._written = socket.socketpair()
        self._read.settimeout(0.0)
        self._written.settimeout(0.0)

    def set(self, exit_code: int = 0) -> None:
        """Ask everybody who waits to end; the first who asks decides on the exit code."""
        if not self._set.is_set():
            self.exit_code = exit_code
        self._set.set()
        with contextlib.suppress(OSError):  # full or closed: whoever waits is awake
            self._written.send(b"!")

    def is_set(self) -> bool:
        """Whether somebody asked."""
        return self._set.is_set()

    def wait(self, seconds: float) -> bool:
        """Whether somebody asked, after waiting for it; for one thread."""
        deadline = time.monotonic() + seconds
        while not self.is_set() and (left := deadline - time.monotonic()) > 0:
            if select.select([self._read], [], [], left)[0]:
                with contextlib.suppress(BlockingIOError):
                    self._read.recv(64)
        return self.is_set()

    def fileno(self) -> int:
        """Where a signal may write a byte."""
        return self._written.fileno()

    def close(self) -> None:
        """Wait no more."""
        self._read.close()
        self._written.close()


@contextmanager
def stop_signal() -> Iterator[StopSignal]:
    """What is set by Ctrl-C and by a polite request to end. For the main thread."""
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


#: States whose beginning is worth a line; the others pass too quickly to be read.
_TOLD = frozenset(State) - {State.NOTICED, State.QUEUED, State.BASELINE, State.UPLOADING}


#: Lines for files that are held for one reason: of many more one is told by ``status``.
_HELD_LINES = 20


#: Files of which it is known what was last told: filing away follows within minutes.
_REMEMBERED = 2000


class LiveLines:
    """Says what happens as it happens, a line for a file; JSON lines for machines."""

    def __init__(self, stop: StopSignal, *, as_json: bool) -> None:
        """``stop`` is set when nobody reads the lines any more."""
        self._stop = stop
        self.as_json = as_json
        self._mute = False
        self._told_holds: Counter[Message] = Counter()
        self._said: dict[int, tuple[State, float, Message]] = {}

    def __call__(self, news: object) -> None:
        """Hear of something; on the pipeline's thread, which no failed line may end."""
        if self._mute:
            return
        try:
            self.say_news(news)
        except click.exceptions.Exit:
            self._mute = True
            self._stop.set()
        except OSError as error:
            self._mute = True
            _log.warning("no more lines are written: %s", error)

    def say_news(self, news: object) -> None:
        """Say it, if it is worth a line."""
        match news:
            case Entry() if self.as_json:
                say_json(view.record(news))
            case Entry(state=state) if state in _TOLD or is_unreadable(news):
                if self._is_news(news):
                    self._say_entry(news)
            case FolderState() | Connection() | Message() | str() if not self.as_json:
                _say_news(news)
            case _:
                pass

    def _is_news(self, entry: Entry) -> bool:
        """Whether more than its place has changed since a file was last told of.

        Files that were there before their folder was watched are told of in one sentence.
        """
        if entry.why in (EXISTING_WAITS, EXISTING_WENT):
            return False
        told = (entry.state, entry.changed_at, entry.filing_why)
        if self._said.get(entry.file_id) == told:
            return False
        self._said[entry.file_id] = told
        if len(self._said) > _REMEMBERED:
            del self._said[next(iter(self._said))]
        return True

    def _say_entry(self, entry: Entry) -> None:
        """A file's line; why files are held is told with the first of them."""
        remark = view.remark(entry)
        if entry.state in ARRIVED:
            self._told_holds.clear()
        elif entry.state is State.HELD and entry.why:
            if entry.why in self._told_holds:
                remark = f"{view.LOOKS[State.HELD].word} for the same reason"
            self._told_holds[entry.why] += 1
            if self._told_holds[entry.why] > _HELD_LINES:
                return
        _say_line(entry, remark)


class Beginning:
    """Tells whether it is known of every folder if it is watched."""

    def __init__(self, folders: int) -> None:
        self._left = folders
        self._known = threading.Event()

    def hear(self, news: object) -> None:
        """Hear of something; on the pipeline's thread."""
        if isinstance(news, FolderState):
            self._left -= 1
            if self._left <= 0:
                self._known.set()

    def wait(self, seconds: float) -> None:
        """Return when it is known, and after so many seconds at the latest."""
        if self._left > 0:
            self._known.wait(seconds)


def tell_all(*listeners: Callable[[object], None] | None) -> Callable[[object], None]:
    """Whoever wants to hear of what happens hears of it: the service manager, a person."""
    hearing = [each for each in listeners if each is not None]

    def tell(news: object) -> None:
        for hear in hearing:
            hear(news)

    return tell


def is_unreadable(entry: Entry) -> bool:
    """Whether a file could not be read for the first time; later tries are not told."""
    return entry.state is State.NOTICED and entry.attempt == 1 and bool(entry.why)


def _say_line(entry: Entry, remark: str) -> None:
    look = view.LOOKS[entry.state]
    clock = styled(time.strftime("%H:%M:%S"), "quiet")
    name = styled(f"{look.sign} {view.name(entry)}", look.tone)
    say(f"{clock} {name} {remark}")


def _say_news(news: FolderState | Connection | Message | str) -> None:
    match news:
        case FolderState(folder, problem) if not problem:
            say(styled(f"Watching {view.safe(folder)}", "quiet"))
        case FolderState(_, problem):
            say(styled(f"! {view.safe(problem)}", "bad"))
        case Connection(0):
            say(styled("HrFlow is reachable again.", "good"))
        case Connection():
            say(styled("! HrFlow cannot be reached; retrying automatically.", "bad"))
        case Message() | str():
            say(styled(f"! {view.safe(news)}", "bad"))


class _LogFile(logging.handlers.RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name it has
        """A log that cannot be written, as on a full disk, is not told of at length elsewhere."""

    def close(self) -> None:
        """Neither is the end of such a log, which would hide why the command ended."""
        with suppress(OSError):
            super().close()


@contextmanager
def log_to(places: Places, level: str) -> Iterator[None]:
    """Log to the program's own file, which is for its owner alone and rotates (5 of 1 MB)."""
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
    everything.addHandler(handler)  # what libraries warn of, and not what they do at every step
    ours.setLevel(level.upper())
    try:
        yield
    except WatcherError as error:
        if isinstance(error, JournalError):  # others may name a person's file
            _log.error("%s", error)
        raise  # said in one sentence by whoever ends the command
    except Exception:
        _log.exception("the command failed")
        raise
    finally:
        everything.removeHandler(handler)
        ours.setLevel(before)
        handler.close()


def wait_for_end(app: App, stop: StopSignal) -> None:
    """Return when asked to stop; WatcherError if the program fails before that."""
    watcher = threading.Thread(target=_set_when_ended, args=(app, stop), daemon=True)
    watcher.start()
    while not stop.wait(3600.0):
        pass
    if app.failure is not None:
        raise WatcherError(
            f"The program had to end ({type(app.failure).__name__}: {app.failure}).",
            "Nothing is lost: start it again; the log says more.",
        )


def _set_when_ended(app: App, stop: StopSignal) -> None:
    app.wait()
    if app.failure is not None or not stop.is_set():
        stop.set()
