"""The journal, and the room on the disks that are written to."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from watcher import view
from watcher.doctor.findings import Check, Finding, error, ok, warning
from watcher.journal.reader import Reader
from watcher.rules import filing_targets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from watcher.doctor.case import Case

#: Free bytes below which writing fails soon, and below which somebody should know.
_TOO_LITTLE = 20_000_000
_LITTLE = 1_000_000_000
#: Seconds for reading the whole journal; a million files take some.
_READING = 60.0


def checks(case: Case) -> Iterator[Check]:
    """The journal, then each disk."""
    yield Check("journal", "Journal", lambda: _journal(case), seconds=_READING)
    yield Check("disk", "Disk space", lambda: _disks(case))


def judge_journal(path: str, size: int, problem: str) -> Finding:
    """``problem``: what is wrong with the file, "" if nothing is."""
    if problem:
        return error(
            f"{path} is damaged ({problem})",
            "Start the program: it sets the journal aside and builds a new one by looking through "
            "the folders.",
        )
    return ok(f"{path} is whole; it takes {view.size(size)}")


def judge_room(place: str, free: int) -> Finding:
    """``free``: bytes left on the disk of ``place``."""
    text = f"{view.size(free)} free for {place}"
    if free < _TOO_LITTLE:
        return error(text, "Make room: nothing is uploaded while the disk is full.")
    if free < _LITTLE:
        return warning(text, "Make room before it is full.")
    return ok(text)


def _journal(case: Case) -> Finding:
    path = case.places.journal
    if not os.path.exists(path):
        return ok("there is none yet, as nothing has run so far")
    reader = Reader(path)
    try:
        problem = reader.check()
    finally:
        reader.close()
    size = sum(os.path.getsize(path + part) for part in ("", "-wal") if os.path.exists(path + part))
    return judge_journal(view.safe(path), size, view.safe(problem))


def _disks(case: Case) -> Sequence[Finding]:
    """One line for each disk, with everything that is written to it."""
    places = {case.places.state: "the journal"}
    for plan in case.plans().values():
        for target in filing_targets(plan.folder).values():
            place = os.path.join(plan.folder.path, target)
            places[place] = view.safe(place)
    disks: dict[int, tuple[str, list[str]]] = {}
    for path, name in places.items():
        there = _existing(path)
        disks.setdefault(os.stat(there).st_dev, (there, []))[1].append(name)
    return [
        judge_room(" and ".join(names), shutil.disk_usage(there).free)
        for there, names in disks.values()
    ]


def _existing(path: str) -> str:
    """``path``, or the nearest directory above it that is there."""
    while not os.path.exists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path
