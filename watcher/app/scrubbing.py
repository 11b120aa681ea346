"""Taking words out of the program's own logs."""

from __future__ import annotations

import glob
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from watcher.app.places import Places


def scrub_logs(places: Places, words: Collection[str]) -> int:
    """Put "•••" in the place of each of ``words`` in all logs; gives how many files had some.

    A log may be written meanwhile: it is changed in place, and its writer goes on at its end.
    """
    touched = 0
    wanted = sorted({word for word in words if word}, key=len, reverse=True)
    for path in sorted(glob.glob(glob.escape(places.log) + "*")):
        with open(path, "r+", encoding="utf-8", errors="surrogateescape", newline="") as file:
            before = file.read()
            after = before
            for word in wanted:
                after = after.replace(word, "•••")
            if after != before:
                touched += 1
                file.seek(0)
                file.write(after)
                file.truncate()
    return touched
