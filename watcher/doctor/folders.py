"""What watching takes of the system, against what the system gives."""

from __future__ import annotations

import os
import shutil
from functools import partial
from typing import TYPE_CHECKING

from watcher.daemon.setup import is_to_be_made
from watcher.doctor.findings import CONFIG, Check, Finding, error, ok, warning
from watcher.folders import WatchedFolder, mounts
from watcher.folders.native import Probe, probe
from watcher.folders.scans import survey
from watcher.i18n.message import Message, Text, msg, plural
from watcher.journal.reader import Reader
from watcher.model.settings import Watch
from watcher.page.client import read_facts
from watcher.present import view
from watcher.routing.rules import filing_targets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from watcher.doctor.findings import Case
    from watcher.folders.mounts import Limits
    from watcher.model.settings import Folder
    from watcher.pipeline.ports import Plan

#: Part of a limit that may be in use before somebody should know.
_MUCH = 0.9


#: What is proposed: what many distributions set, or twice what is needed.
_WATCHES = 524_288


_INSTANCES = 1024


def judge_limits(directories: int, limits: Limits | None, *, running: bool) -> Sequence[Finding]:
    """Whether ``directories`` can be watched; ``limits`` are None where there are none.

    ``running``: what is in use includes what this program takes.
    """
    if limits is None:
        return [ok(msg("this system has no limits of inotify"))]
    needed = limits.watches + (0 if running else directories)
    used = msg(
        "{used:count} of {total:count} watches are in use",
        used=limits.watches,
        total=limits.max_watches,
    )
    text = plural(
        "1 directory is watched, and {what}",
        "{count:count} directories are watched, and {what}",
        directories,
        what=used,
    )
    watches = _judge(
        "max_user_watches", needed, limits.max_watches, _WATCHES,
        text,
    )  # fmt: skip
    instances = _judge(
        "max_user_instances", limits.instances + (not running), limits.max_instances, _INSTANCES,
        msg(
            "{used:count} of {total:count} watchers are in use",
            used=limits.instances, total=limits.max_instances,
        ),
    )  # fmt: skip
    return [watches, instances]


def _judge(name: str, needed: int, limit: int, proposed: int, text: Message) -> Finding:
    if needed <= _MUCH * limit:
        return ok(text)
    short = msg("which is not enough") if needed > limit else msg("which is nearly all")
    return warning(
        msg(
            "{what}, {how}; folders are looked through every few seconds where it is not",
            what=text,
            how=short,
        ),
        msg(
            "Raise it: sudo sysctl fs.inotify.{key}={number}",
            key=name,
            number=max(proposed, 2 * needed),
        ),
    )


#: Free bytes below which writing fails soon, and below which somebody should know.
_TOO_LITTLE = 20_000_000


_LITTLE = 1_000_000_000


#: Seconds for reading the whole journal; a million files take some.
_READING = 60.0


def storage_checks(case: Case) -> Iterator[Check]:
    """The journal, then each disk."""
    yield Check("journal", msg("Journal"), lambda: _journal(case), seconds=_READING)
    yield Check("disk", msg("Disk space"), lambda: _disks(case))


def judge_journal(path: str, size: int, problem: str) -> Finding:
    """``problem``: what is wrong with the file, "" if nothing is."""
    if problem:
        return error(
            msg("{path} is damaged ({error})", path=path, error=problem),
            msg(
                "Start the program: it sets the journal aside and builds a new one by looking"
                " through the folders."
            ),
        )
    return ok(msg("{path} is whole; it takes {size:size}", path=path, size=size))


def judge_room(places: tuple[Text, ...], free: int) -> Finding:
    """``free``: bytes left on the disk of ``places``."""
    text = msg("{size:size} free for {disks:and}", size=free, disks=places)
    if free < _TOO_LITTLE:
        return error(text, msg("Make room: nothing is uploaded while the disk is full."))
    if free < _LITTLE:
        return warning(text, msg("Make room before it is full."))
    return ok(text)


def _journal(case: Case) -> Finding:
    path = case.places.journal
    if not os.path.exists(path):
        return ok(msg("there is none yet, as nothing has run so far"))
    reader = Reader(path)
    try:
        problem = reader.check()
    finally:
        reader.close()
    size = sum(os.path.getsize(path + part) for part in ("", "-wal") if os.path.exists(path + part))
    return judge_journal(view.safe(path), size, view.safe(problem))


def _disks(case: Case) -> Sequence[Finding]:
    """One line for each disk, with everything that is written to it."""
    places: dict[str, Text] = {case.places.state: msg("the journal")}
    for plan in case.plans().values():
        for target in filing_targets(plan.folder).values():
            place = os.path.join(plan.folder.path, target)
            places[place] = view.safe(place)
    disks: dict[int, tuple[str, list[Text]]] = {}
    for path, name in places.items():
        there = _existing(path)
        disks.setdefault(os.stat(there).st_dev, (there, []))[1].append(name)
    return [
        judge_room(tuple(names), shutil.disk_usage(there).free) for there, names in disks.values()
    ]


def _existing(path: str) -> str:
    """``path``, or the nearest directory above it that is there."""
    while not os.path.exists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path


#: Seconds that the system is given to tell of a file; macOS collects changes for about one.
_PATIENCE = 5.0


_NOT_THERE = msg("the folder is not there yet")


#: Seconds after which looking through a folder ends; a network drive may hold a million files.
_LOOKING = 20.0


def folder_checks(case: Case) -> Iterator[Check]:
    """Two lines for each folder, and what all of them take of the system."""
    if case.loaded is None:
        yield Check("folder", msg("Folder"), tuple, needs=[CONFIG])
    made = _to_be_made(case)
    looks = [_Look(case, plan, is_made=path in made) for path, plan in case.plans().items()]
    for look in looks:
        path = look.folder.path
        yield Check(
            "folder", msg("Folder"), look.at_place, path,
            failing=msg("{path} cannot be used", path=view.safe(path)), seconds=_LOOKING + 10,
        )  # fmt: skip
        needs = [("folder", path)]
        yield Check("events", msg("Changes"), look.at_events, path, needs, seconds=_PATIENCE + 5)
    yield Check("limits", msg("Limits"), partial(_limits, case, looks), needs=[CONFIG], seconds=20)


class _Look:
    """A look at one folder."""

    def __init__(self, case: Case, plan: Plan, *, is_made: bool) -> None:
        """``is_made``: it is not there, and the program makes it."""
        self.folder = plan.folder
        self._is_made = is_made
        self.directories = 0
        self.remote = False
        self._plan = plan
        self._case = case

    def at_place(self) -> Finding:
        """Is it there, can all of it be read, where does it lie?"""
        path = self.folder.path
        if self._is_made:
            return judge_made(view.safe(path), is_running=bool(read_facts(self._case.places)))
        _, problem = mounts.identify(path)
        if problem:
            return judge_problem(view.safe(problem))
        self.remote = mounts.on_network(path)
        tick = self._case.tick
        deadline = tick() + _LOOKING
        others = tuple(other for other in self._case.plans() if other != path)
        watched = WatchedFolder(
            path, self.folder.recursive, self.folder.watch, self.folder.poll_seconds,
            self._plan.ignored, others,
        )  # fmt: skip
        tally = survey(watched, lambda: tick() > deadline)
        self.directories = tally.directories
        if tally.unreadable:
            return judge_unreadable(view.safe(tally.first_unreadable), tally.unreadable)
        return judge_place(view.safe(path), mounts.file_system(path), remote=self.remote)

    def at_events(self) -> Finding:
        """How soon is a new file noticed?"""
        path = view.safe(self.folder.path)
        if is_polled(self.folder, remote=self.remote):
            return judge_polled(path, self.folder, remote=self.remote)
        found = probe(self.folder.path, _PATIENCE, self._case.tick)
        return judge_probe(path, found, self.folder, remote=self.remote)


def _to_be_made(case: Case) -> set[str]:
    """The folders that the program makes when it starts, by their paths without links."""
    folders = case.loaded.config.folders if case.loaded else ()
    return {os.path.realpath(each.path) for each in folders if is_to_be_made(each, case.home)}


def judge_made(path: str, *, is_running: bool) -> Finding:
    """A folder that is missing, with ``create = true``: it is made at the program's start."""
    if is_running:
        return warning(
            msg(
                "{path} was removed while the program runs, which makes it when it starts",
                path=path,
            ),
            msg("Make it, or start the program anew."),
            _NOT_THERE,
        )
    return ok(
        msg("{path} is not there yet; the program makes it when it starts", path=path), _NOT_THERE
    )


def is_polled(folder: Folder, *, remote: bool) -> bool:
    """Whether the folder is looked through again and again, the system not being asked."""
    return folder.watch is Watch.POLL or (folder.watch is Watch.AUTO and remote)


def judge_problem(problem: str) -> Finding:
    """What ``mounts.identify`` says: what is wrong; and what becomes of it, or what to do."""
    text, _, rest = problem.rpartition("; ")
    if rest.startswith("it "):  # will be watched or tried again, which is no mend
        return error(
            text, msg("Make it, connect its drive, or correct its path in the configuration.")
        )
    return error(text, rest[:1].upper() + rest[1:])


def judge_unreadable(first: str, number: int) -> Finding:
    """Files or directories of a folder that this user may not read."""
    text = msg("{file} and {more} more cannot be read", file=first, more=number - 1)
    return warning(
        text if number > 1 else msg("{file} cannot be read", file=first),
        msg("Give this user the right to read it."),
    )


def judge_place(path: str, system: str, *, remote: bool) -> Finding:
    """A folder that is fine, on a file system of the type ``system`` ("" where it is unknown)."""
    where = msg("on a network file system") if remote else msg("on a local file system")
    if system:
        where = msg("{what} ({system})", what=where, system=system)
    return ok(msg("{path} can be read; it lies {what}", path=path, what=where))


def judge_polled(path: str, folder: Folder, *, remote: bool) -> Finding:
    """A folder that is looked through again and again."""
    why = msg("on a network file system") if remote else msg('with watch = "poll"')
    return ok(
        msg(
            "{path} is looked through every {time:duration}, being {what}",
            path=path,
            time=folder.poll_seconds,
            what=why,
        )
    )


def judge_probe(path: str, found: Probe, folder: Folder, *, remote: bool) -> Finding:
    """Whether changes are noticed at once, by what became of a file that was made for it."""
    if found.unwritable:
        return warning(
            msg(
                "no file can be made in {path} ({error}), so that it cannot be tried whether one"
                " would be noticed",
                path=path,
                error=found.unwritable,
            ),
            msg("Give this user the right to write there; files cannot be filed away without it."),
        )
    if found.unwatched:
        return warning(
            msg(
                "the system does not tell of changes in {path} ({error}), so that it is looked"
                " through every {time:duration}",
                path=path,
                error=found.unwatched,
                time=folder.poll_seconds,
            ),
            msg("See the limits below, or leave it if that is soon enough."),
        )
    if found.seconds is None:
        return error(
            msg("the system does not tell of a new file in {path}", path=path),
            msg('Set watch = "poll" for this folder in the configuration.'),
        )
    if remote:
        return warning(
            msg(
                "{path} lies on a network file system, and files that come from other machines"
                " are noticed within the hour only",
                path=path,
            ),
            msg('Set watch = "auto" for this folder in the configuration.'),
        )
    return ok(
        msg(
            "a new file in {path} is noticed within {duration:duration}",
            path=path,
            duration=max(found.seconds, 0.1),
        )
    )


def _limits(case: Case, looks: Sequence[_Look]) -> Sequence[Finding]:
    native = [look for look in looks if not is_polled(look.folder, remote=look.remote)]
    directories = sum(look.directories for look in native)
    return judge_limits(directories, case.limits(), running=bool(read_facts(case.places)))
