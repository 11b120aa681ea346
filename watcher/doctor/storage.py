"""Is the journal intact, and is there room on the disks?"""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from typing import TYPE_CHECKING, Final

from watcher.doctor.findings import error, ok, warning
from watcher.i18n.message import Text, msg
from watcher.journal.reader import Reader
from watcher.present import view
from watcher.routing.ignored import filing_targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.doctor.findings import Case, Finding

#: Seconds for reading the whole journal; a million files take some.
READING: Final = 60.0

#: Free bytes below which writing soon fails, and below which people should know.
_TOO_LITTLE: Final = 20_000_000
_LITTLE: Final = 1_000_000_000


def check_journal(case: Case) -> Finding:
    """Read all of the journal."""
    path = case.places.journal
    if not case.places.has_journal:
        return ok(msg("none yet: the program has never run"))
    with closing(Reader(path)) as reader:
        problem = reader.check()
    size = sum(os.path.getsize(path + part) for part in ("", "-wal") if os.path.exists(path + part))
    return judge_journal(view.safe(path), size, view.safe(problem))


def judge_journal(path: str, size: int, problem: str) -> Finding:
    """``problem`` is what is wrong with the file, "" if nothing is."""
    if problem:
        return error(
            msg("{path} is damaged ({error})", path=path, error=problem),
            msg(
                "Start the program: it sets the damaged history aside and builds a new one by"
                " scanning the folders."
            ),
        )
    return ok(msg("{path} is intact ({size:size})", path=path, size=size))


def check_disks(case: Case) -> Sequence[Finding]:
    """Return a finding for each disk, with everything that is written to it."""
    places: dict[str, Text] = {case.places.state: msg("the history")}
    for plan in case.plans.values():
        for target in filing_targets(plan.folder).values():
            place = os.path.join(plan.folder.path, target)
            places[place] = view.safe(place)
    disks: dict[int, tuple[str, list[Text]]] = {}
    for path, name in places.items():
        existing = path
        while not os.path.exists(existing) and os.path.dirname(existing) != existing:
            existing = os.path.dirname(existing)
        disks.setdefault(os.stat(existing).st_dev, (existing, []))[1].append(name)
    return [judge_room(tuple(names), shutil.disk_usage(at).free) for at, names in disks.values()]


def judge_room(places: tuple[Text, ...], free: int) -> Finding:
    """``free`` is the number of bytes left on the disk of ``places``."""
    text = msg("{size:size} free for {disks:and}", size=free, disks=places)
    if free < _TOO_LITTLE:
        return error(text, msg("Free some space: nothing is uploaded while the disk is full."))
    if free < _LITTLE:
        return warning(text, msg("Free some space before the disk is full."))
    return ok(text)
