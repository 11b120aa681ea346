"""Keeps every folder watched while folders disappear, return and change; owns their state.

Only the supervisor's own thread touches that state: other threads put a call into its inbox.
"""

from __future__ import annotations

import errno
import logging
import math
import queue
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from watcher.folders import mounts
from watcher.folders.scans import Memory, Request, Scanner
from watcher.i18n.message import NOTHING, Message, msg, plural, sentences
from watcher.model.files import FolderState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from watchdog.observers.api import ObservedWatch

    from watcher.folders.native import Handler, Native
    from watcher.folders.scans import Post, ReadKnown, Tally, WatchedFolder

logger = logging.getLogger(__name__)

#: How often each folder is checked to be the one that is watched.
CHECK_SECONDS = 10.0

#: How often all are checked while one is missing.
MISSING_SECONDS = 2.0

#: How often a folder with notifications is scanned all the same, as events may be lost.
RECONCILE_SECONDS = 3600.0

#: How often a folder is scanned while some of it cannot be read.
UNREADABLE_SECONDS = 120.0


class _Root(Struct, eq=False):
    """The state of one watched folder."""

    folder: WatchedFolder
    identity: tuple[int, int] | None = None
    handler: Handler | None = None
    watch: ObservedWatch | None = None
    memory: Memory | None = None
    limit: Message = NOTHING  # why there are not notifications for all of it
    limit_value: tuple[int, int] = (0, 0)
    limit_until: float = 0.0  # when native watching is tried again in any case
    unreadable: Message = NOTHING
    due: float = math.inf  # when it is scanned next
    reason: str = "start"  # of the scan when watching begins
    posted: Message | None = None


class FolderSupervisor:
    """Watches folders and posts candidates, scans and states: see ``scans.FolderEvent``.

    ``post`` is called on several threads and must only enqueue; ``known`` on the scan thread.
    """

    def __init__(
        self,
        post: Post,
        known: ReadKnown,
        *,
        on_network: Callable[[str], bool] = mounts.on_network,
        check_seconds: float = CHECK_SECONDS,
        missing_seconds: float = MISSING_SECONDS,
        reconcile_seconds: float = RECONCILE_SECONDS,
    ) -> None:
        """The options are for tests."""
        from watcher.folders import native  # noqa: PLC0415 - watchdog, late

        native.load()
        self._post = post
        self._on_network = on_network
        self._check_seconds = check_seconds
        self._missing_seconds = missing_seconds
        self._reconcile_seconds = reconcile_seconds
        self._inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._roots: dict[str, _Root] = {}
        self._signals: set[str] = set()
        self._next_check = 0.0
        self._native: Native | None = None
        self._scanner = Scanner(post, known, self._on_scanned)
        self._thread = threading.Thread(target=self._run, name="watch-folders", daemon=True)
        self._thread.start()

    def watch(self, folders: Sequence[WatchedFolder]) -> None:
        """Watch these folders and no others; those that did not change are not interrupted.

        Returns at once; a FolderState is posted for what cannot be watched.
        """
        self._inbox.put(partial(self._watch, tuple(folders)))

    def rescan(self, folder: str | None = None, reason: str = "") -> None:
        """Scan one folder, or all of them, as soon as possible."""
        self._inbox.put(partial(self._rescan, folder, reason))

    def stop(self) -> None:
        """Stop watching, and every thread within two seconds; may be called twice."""
        self._inbox.put(None)
        self._scanner.stop(timeout=1.0)
        self._thread.join(1.0)

    # From here on: on the supervisor's thread, unless noted otherwise.

    def _run(self) -> None:
        going = True
        while going:
            try:
                going = self._handle_calls()
                if going:
                    self._handle_due()
            except Exception:  # whatever it is, the folders stay watched
                logger.exception("Checking the folders failed; it will be tried again.")
                self._next_check = time.monotonic() + self._check_seconds
        if self._native is not None:
            self._native.stop()

    def _handle_calls(self) -> bool:
        """Wait for calls in the inbox and make them; return False at the end."""
        wait = max(0.0, min(self._next_check, self._next_due()) - time.monotonic())
        try:
            command = self._inbox.get(timeout=min(wait, threading.TIMEOUT_MAX))
            while command is not None:
                command()
                command = self._inbox.get_nowait()
        except queue.Empty:
            return True
        return False

    def _next_due(self) -> float:
        watched = (root.due for root in self._roots.values() if root.identity is not None)
        return min(watched, default=math.inf)

    def _watch(self, folders: tuple[WatchedFolder, ...]) -> None:
        wanted = {folder.path: folder for folder in folders}
        for path in [path for path in self._roots if path not in wanted]:
            self._release(self._roots.pop(path))
        for path, folder in wanted.items():
            root = self._roots.setdefault(path, _Root(folder))
            if root.folder != folder:
                self._replace(root, folder)
        self._next_check = 0.0

    def _replace(self, root: _Root, folder: WatchedFolder) -> None:
        """Use new settings; another way of watching starts over, other patterns need a scan."""
        old, root.folder = root.folder, folder
        if (old.recursive, old.watch) != (folder.recursive, folder.watch):
            self._release(root)
            root.reason = "settings"
        elif root.identity is not None:
            if root.handler is not None:
                root.handler.use(folder)
            self._scanner.forget(folder.path)
            self._scan(root, "settings")

    def _rescan(self, path: str | None, reason: str) -> None:
        for root in self._roots.values():
            if root.identity is not None and path in (None, root.folder.path):
                self._scan(root, reason)

    def _handle_due(self) -> None:
        signals, self._signals = self._signals, set()
        now = time.monotonic()
        if signals & {"unmounted", "interrupted"}:
            self._release_native("unmounted" if "unmounted" in signals else "interrupted")
        elif "overflow" in signals:
            self._rescan(None, "overflow")
        if signals or now >= self._next_check:
            self._check_all(now)
        for root in self._roots.values():
            if now >= root.due and root.identity is not None:
                root.due = math.inf  # set again when the scan has ended
                self._scan(root, "interval", quick=True)

    def _release_native(self, reason: str) -> None:
        for root in self._roots.values():
            if root.watch is not None:
                self._release(root)
                root.reason = reason

    def _check_all(self, now: float) -> None:
        if self._native is not None and not self._native.running():
            self._release_native("interrupted")
            self._native.stop()
            self._native = None
        alive = self._native.alive() if self._native is not None else set()
        for root in self._roots.values():
            self._check(root, alive)
        missing = any(root.identity is None for root in self._roots.values())
        wait = self._missing_seconds if missing else self._check_seconds
        self._next_check = now + wait

    def _check(self, root: _Root, alive: Collection[ObservedWatch]) -> None:
        """Check that the folder is there, the same, and watched, and whether a limit was raised."""
        found = mounts.identify(root.folder.path)
        identity, problem = (
            (None, sentences(found))
            if isinstance(found, mounts.FolderProblem)
            else (found, NOTHING)
        )
        lost = root.watch is not None and root.watch not in alive
        retry = self._limit_may_be_gone(root)
        if lost or retry or identity != root.identity:
            self._release(root)
            root.reason = "limit" if retry else root.reason
            if identity is not None:
                root.identity = identity
                self._start_watching(root)
                self._post_problem(root, problem)  # at once, as the scan may take a while
                self._scan(root, root.reason)
                root.reason = "returned"
                return
        self._post_problem(root, problem)

    def _limit_may_be_gone(self, root: _Root) -> bool:
        return bool(root.limit) and (
            root.limit_value != _limits() or time.monotonic() >= root.limit_until
        )

    def _start_watching(self, root: _Root) -> None:
        """Begin to watch, before the scan: what comes in between is seen twice, not never."""
        folder = root.folder
        if folder.watch.is_polled(remote=self._on_network(folder.path)):
            root.memory = Memory()
        else:
            self._start_native(root)

    def _start_native(self, root: _Root) -> None:
        from watcher.folders.native import Handler, Native  # noqa: PLC0415 - watchdog, late

        try:
            if self._native is None:
                self._native = Native(self._on_signal)
            handler = Handler(root.folder, self._post, self._scanner.request, self._on_gone)
            root.watch = self._native.watch(handler)
            root.handler = handler
        except OSError as error:
            logger.info("%s cannot be watched: %s", root.folder.path, error)
            self._fall_back_to_polling(root, error)

    def _fall_back_to_polling(self, root: _Root, error: OSError) -> None:
        """Poll a folder that has no notifications, or not for all of its directories."""
        if root.limit or root.identity is None:
            return
        root.limit_value = _limits()
        root.memory = root.memory or Memory()
        root.limit_until = time.monotonic() + self._reconcile_seconds
        root.due = time.monotonic() + root.folder.poll_seconds
        root.limit = msg(
            "{why}. In the meantime, {path} is checked every {seconds:duration}.",
            why=_why_polled(error, *root.limit_value),
            path=root.folder.path,
            seconds=root.folder.poll_seconds,
        )

    def _release(self, root: _Root) -> None:
        """Stop watching and forget the state, except for the problem that was posted."""
        self._scanner.forget(root.folder.path)
        if root.watch is not None and self._native is not None:
            self._native.unwatch(root.watch)
        root.watch = root.handler = root.memory = root.identity = None
        root.limit = root.unreadable = NOTHING
        root.due = math.inf

    def _scan(self, root: _Root, reason: str, *, quick: bool = False) -> None:
        quick = quick and root.memory is not None
        self._scanner.request(root.folder, "", reason, root.memory, quick=quick)

    def _post_problem(self, root: _Root, problem: Message) -> None:
        problem = problem or root.limit or root.unreadable
        if problem != root.posted:
            root.posted = problem
            self._post(FolderState(root.folder.path, problem))

    def _scanned(self, request: Request, tally: Tally | None) -> None:
        root = self._roots.get(request.folder.path)
        if root is None or root.identity is None:
            return
        if tally is None:
            root.due = time.monotonic() + self._check_seconds
        elif not request.start:
            self._whole_scanned(root, tally)
        elif tally.unreadable:  # cleared by the next scan of the whole folder
            root.unreadable = _unreadable(root.folder.path, tally)
            root.due = min(root.due, time.monotonic() + UNREADABLE_SECONDS)
            self._post_problem(root, NOTHING)

    def _whole_scanned(self, root: _Root, tally: Tally) -> None:
        polled = root.memory is not None
        wait = root.folder.poll_seconds if polled else self._reconcile_seconds
        if tally.unreadable:
            wait = min(wait, UNREADABLE_SECONDS)
        root.due = time.monotonic() + wait
        root.unreadable = _unreadable(root.folder.path, tally)
        self._post_problem(root, NOTHING)

    # Called on other threads (too).

    def _on_scanned(self, request: Request, tally: Tally | None) -> None:
        self._inbox.put(partial(self._scanned, request, tally))

    def _on_signal(self, what: str, path: str) -> None:
        if threading.current_thread() is self._thread:  # while a watch is being added
            self._signal(what, path)
        else:
            self._inbox.put(partial(self._signal, what, path))

    def _on_gone(self) -> None:
        self._inbox.put(partial(self._signal, "gone", ""))

    def _signal(self, what: str, path: str) -> None:
        self._signals.add(what)
        if what == "limit" and path in self._roots:
            self._fall_back_to_polling(self._roots[path], OSError(errno.ENOSPC, ""))


def _limits() -> tuple[int, int]:
    return mounts.inotify_limit("max_user_watches"), mounts.inotify_limit("max_user_instances")


def _why_polled(error: OSError, watches: int, instances: int) -> Message:
    if error.errno == errno.ENOSPC:
        return msg(
            "The system's limit on watched folders ({number:count}) has been "
            "reached; raise fs.inotify.max_user_watches",
            number=watches,
        )
    if error.errno == errno.EMFILE:
        return msg(
            "The system's limit on programs that watch folders ({number:count}) has "
            "been reached; raise fs.inotify.max_user_instances",
            number=instances,
        )
    return msg("The system doesn't report changes in this folder ({error})", error=error.strerror)


def _unreadable(path: str, tally: Tally) -> Message:
    if not tally.unreadable:
        return NOTHING
    first, others = tally.first_unreadable, tally.unreadable - 1
    if others:
        return plural(
            "In {path}, {file} and {count:count} other file can't be read. Give this"
            " user permission to read them.",
            "In {path}, {file} and {count:count} other files can't be read. Give this"
            " user permission to read them.",
            others,
            path=path,
            file=first,
        )
    return msg(
        "In {path}, {file} can't be read. Give this user permission to read it.",
        path=path,
        file=first,
    )
