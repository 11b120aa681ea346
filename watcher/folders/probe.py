"""Does the system tell of changes in a folder? Found out by making one.

The file made for it has a hidden name that is ignored everywhere, and is gone at once.
"""

from __future__ import annotations

import os
import queue
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.folders.messages import WatchedFolder
from watcher.model import Candidate
from watcher.settings import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.folders.messages import Message


@dataclass(frozen=True, slots=True)
class Probe:
    """What became of it: ``seconds`` until it was told of, None if it was not.

    ``unwatched`` says why nothing can be watched there, ``unwritable`` why no file can be made.
    """

    seconds: float | None = None
    unwatched: str = ""
    unwritable: str = ""


def probe(path: str, patience: float, tick: Callable[[], float]) -> Probe:
    """Make a file in the folder at ``path`` and wait up to ``patience`` seconds to be told of it.

    ``path`` has no symbolic link in it; ``tick`` gives seconds that never go back.
    """
    from watcher.folders.native import Handler, Native  # noqa: PLC0415 - watchdog, late

    told: queue.SimpleQueue[Message] = queue.SimpleQueue()
    folder = WatchedFolder(path, recursive=False, watch=Watch.NATIVE, poll_seconds=0, ignore=_take)
    try:
        native = Native(lambda *_: None)
    except OSError as error:
        return Probe(unwatched=str(error.strerror))
    try:
        native.watch(Handler(folder, told.put, lambda *_: None, lambda: None))
        return _make_file(path, told, tick, tick() + patience)
    except OSError as error:
        return Probe(unwatched=str(error.strerror))
    finally:
        native.stop()


def _take(_: str) -> str:
    """Ignore nothing: everything that is told is wanted here."""
    return ""


def _make_file(
    folder: str, told: queue.SimpleQueue[Message], tick: Callable[[], float], deadline: float
) -> Probe:
    path = os.path.join(folder, f".hrflow-watcher-probe-{secrets.token_hex(4)}.tmp")
    began = tick()
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        os.unlink(path)  # before anything can end this program: it is told of all the same
    except OSError as error:
        return Probe(unwritable=str(error.strerror))
    while (left := deadline - tick()) > 0:
        try:
            message = told.get(timeout=left)
        except queue.Empty:
            break
        if isinstance(message, Candidate) and message.path == path:
            return Probe(seconds=tick() - began)
    return Probe()
