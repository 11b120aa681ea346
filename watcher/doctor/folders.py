"""Can the folders be watched, how soon are new files noticed, and does the system give enough?"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from watcher.config.mistakes import as_sentence
from watcher.daemon.setup import is_to_be_made
from watcher.doctor.findings import CONFIG, Check, Finding, error, ok, warning
from watcher.folders import WatchedFolder, mounts
from watcher.folders.native import Probe, probe
from watcher.folders.scans import survey
from watcher.i18n.message import Message, msg, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from watcher.doctor.findings import Case
    from watcher.folders.mounts import InotifyLimits
    from watcher.model.settings import Folder
    from watcher.routing.rules import Plan

#: Seconds that the system gets to report a file; macOS collects changes for about one.
_PATIENCE: Final = 5.0

#: Seconds after which counting a folder's directories ends; a network drive may hold a million.
_COUNTING: Final = 20.0

#: Part of a limit that may be in use before people should know.
_MUCH: Final = 0.9

#: Limits to propose: what many distributions set, or twice what is needed.
_WATCHES: Final = 524_288
_INSTANCES: Final = 1024


def checks(case: Case) -> Iterator[Check]:
    """Yield two checks for each folder, and one for what all of them take of the system."""
    if case.loaded is None:
        yield Check("folder", msg("Folder"), tuple, needs=[CONFIG])
    folders = [_FolderCheck(case, plan) for plan in case.plans.values()]
    for each in folders:
        path = each.folder.path
        yield Check("folder", msg("Folder"), each.check_place, path, seconds=_COUNTING + 10)
        yield Check("events", msg("New files"), each.check_events, path, seconds=_PATIENCE + 5)
    yield Check(
        "limits", msg("Limits"), partial(_limits, case, folders), needs=[CONFIG], seconds=20
    )


class _FolderCheck:
    """The checks of one folder; the second needs to know what the first has found."""

    def __init__(self, case: Case, plan: Plan) -> None:
        self.folder = plan.folder
        self.directories = 0
        self.remote = False
        self._can_be_used = False
        self._plan = plan
        self._case = case

    @property
    def is_native(self) -> bool:
        """Whether the system is asked to report changes."""
        return not self.folder.watch.is_polled(remote=self.remote)

    def check_place(self) -> Finding:
        """Does it exist, can all of it be read, where is it?"""
        case, path = self._case, self.folder.path
        if is_to_be_made(self.folder, case.home):
            return judge_missing(path, is_running=bool(case.running))
        if isinstance(found := mounts.identify(path), mounts.FolderProblem):
            return error(*found)
        self._can_be_used = True
        self.remote = mounts.on_network(path)
        deadline = case.tick() + _COUNTING
        others = tuple(other for other in case.plans if other != path)
        watched = WatchedFolder(
            path, self.folder.recursive, self.folder.watch, self.folder.poll_seconds,
            self._plan.ignored, others,
        )  # fmt: skip
        tally = survey(watched, lambda: case.tick() > deadline)
        self.directories = tally.directories
        if tally.unreadable:
            return judge_unreadable(tally.first_unreadable, tally.unreadable)
        return judge_place(path, mounts.file_system(path), remote=self.remote)

    def check_events(self) -> Sequence[Finding] | Finding:
        """How soon is a new file noticed? Nothing to say of a folder that can't be used."""
        path = self.folder.path
        if not self._can_be_used:
            return ()
        if not self.is_native:
            return judge_polled(path, self.folder, remote=self.remote)
        found = probe(self.folder.path, _PATIENCE, self._case.tick)
        return judge_probe(path, found, self.folder, remote=self.remote)


def judge_missing(path: str, *, is_running: bool) -> Finding:
    """A missing folder with ``create = true``: the program creates it when it starts."""
    if is_running:
        return warning(
            msg(
                "{path} was removed while the program was running; it will be created"
                " again when the program starts.",
                path=path,
            ),
            msg("Create it, or restart the program."),
        )
    return ok(
        msg("{path} doesn't exist yet; the program will create it when it starts.", path=path)
    )


def judge_unreadable(first: str, number: int) -> Finding:
    """``number`` files or directories of a folder may not be read, ``first`` is one of them."""
    text = msg("{file} and {more} more can't be read.", file=first, more=number - 1)
    return warning(
        text if number > 1 else msg("{file} can't be read.", file=first),
        msg("Give this user permission to read it."),
    )


def judge_place(path: str, system: str, *, remote: bool) -> Finding:
    """A folder without a problem; ``system`` is the type of its file system, "" if unknown."""
    where = msg("on a network file system") if remote else msg("on a local file system")
    if system:
        where = msg("{what} ({system})", what=where, system=system)
    return ok(msg("{path} can be read; it is {what}.", path=path, what=where))


def judge_polled(path: str, folder: Folder, *, remote: bool) -> Finding:
    """A folder that is scanned at intervals."""
    why = msg("on a network file system") if remote else msg('watch = "poll"')
    return ok(
        msg(
            "{path} is scanned every {time:duration} ({what}).",
            path=path,
            time=folder.poll_seconds,
            what=why,
        )
    )


def judge_probe(path: str, found: Probe, folder: Folder, *, remote: bool) -> Finding:
    """``found`` is what happened to a file that was created in the folder."""
    if found.unwritable:
        return warning(
            msg(
                "No file can be created in {path} ({error}), so it is not known whether new files"
                " are detected.",
                path=path,
                error=found.unwritable,
            ),
            msg("Give this user permission to write there; without it, files can't be filed away."),
        )
    if found.unwatched:
        return warning(
            msg(
                "The system doesn't report changes in {path} ({error}), so it is"
                " scanned every {time:duration}.",
                path=path,
                error=found.unwatched,
                time=folder.poll_seconds,
            ),
            msg('See "Limits" below, or leave it as it is if that is fast enough.'),
        )
    if found.seconds is None:
        return error(
            msg("The system doesn't report new files in {path}.", path=path),
            msg('Set watch = "poll" for this folder in the configuration.'),
        )
    if remote:
        return warning(
            msg(
                "{path} is on a network file system; it can take up to an hour until files from"
                " other computers are detected.",
                path=path,
            ),
            msg('Set watch = "auto" for this folder in the configuration.'),
        )
    return ok(
        msg(
            "A new file in {path} is detected within {duration:duration}.",
            path=path,
            duration=max(found.seconds, 0.1),
        )
    )


def _limits(case: Case, folders: Sequence[_FolderCheck]) -> Sequence[Finding]:
    directories = sum(each.directories for each in folders if each.is_native)
    return judge_limits(directories, case.limits(), running=bool(case.running))


def judge_limits(
    directories: int, limits: InotifyLimits | None, *, running: bool
) -> Sequence[Finding]:
    """Return whether ``directories`` can be watched; ``limits`` are None where there are none.

    ``running``: what is in use includes the watches of this program.
    """
    if limits is None:
        return [ok(msg("This system has no inotify limits."))]
    used = msg(
        "{used:count} of {total:count} watches are in use",
        used=limits.watches,
        total=limits.max_watches,
    )
    watches = plural(
        "1 folder is watched, and {what}",
        "{count:count} folders are watched, and {what}",
        directories,
        what=used,
    )
    instances = msg(
        "{used:count} of {total:count} watchers are in use",
        used=limits.instances,
        total=limits.max_instances,
    )
    needed = limits.watches + (0 if running else directories)
    return [
        _judge_limit("max_user_watches", needed, limits.max_watches, _WATCHES, watches),
        _judge_limit(
            "max_user_instances", limits.instances + (not running), limits.max_instances,
            _INSTANCES, instances,
        ),
    ]  # fmt: skip


def _judge_limit(name: str, needed: int, limit: int, proposed: int, text: Message) -> Finding:
    if needed <= _MUCH * limit:
        return ok(as_sentence(text))
    short = msg("which is not enough") if needed > limit else msg("which is close to the limit")
    return warning(
        msg(
            "{what}, {how}; folders that can't be watched are scanned every few seconds.",
            what=text,
            how=short,
        ),
        msg(
            "Raise the limit with: sudo sysctl fs.inotify.{key}={number}",
            key=name,
            number=max(proposed, 2 * needed),
        ),
    )
