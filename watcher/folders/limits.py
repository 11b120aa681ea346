"""What watching takes of the system: directories, and inotify's limits (Linux, inotify(7)).

The limits are those of a user, over all programs; what is in use stands in ``/proc``.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.folders import mounts
from watcher.folders.scan import Tally, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watcher.folders.messages import WatchedFolder


@dataclass(frozen=True, slots=True)
class Limits:
    """inotify's limits, and how much of each this user's programs have now."""

    max_watches: int
    max_instances: int
    watches: int
    instances: int


def read_limits(proc: str = "/proc") -> Limits | None:
    """The limits; None where there is no inotify."""
    watches = mounts.inotify_limit("max_user_watches", proc)
    instances = mounts.inotify_limit("max_user_instances", proc)
    if not (watches and instances):
        return None
    used = list(_watches_of_instances(proc))
    return Limits(watches, instances, sum(used), len(used))


def _watches_of_instances(proc: str) -> Iterator[int]:
    """How many watches each inotify instance of this user has."""
    for process in filter(str.isdigit, os.listdir(proc)):
        place = os.path.join(proc, process)
        with contextlib.suppress(OSError):  # the process has ended, or is none of this user's
            if os.stat(place).st_uid != os.geteuid():
                continue
            for number in os.listdir(os.path.join(place, "fd")):
                if os.readlink(os.path.join(place, "fd", number)) == "anon_inode:inotify":
                    with open(os.path.join(place, "fdinfo", number), encoding="utf-8") as info:
                        yield sum(line.startswith("inotify ") for line in info)


def look_through(folder: WatchedFolder, stop: Callable[[], bool]) -> Tally:
    """What is in a folder: how many directories, and what of it cannot be read.

    ``stop`` is asked before each directory; what was counted until then is given.
    """
    tally = Tally()
    for _ in scan(folder, lambda *_: {}, stop=stop, tally=tally):
        pass
    return tally
