"""The last step of the set-up: a made-up CV is sent, and one sees what becomes of it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher import view
from watcher.app.sample import can_drop_sample, drop_sample, sample_path
from watcher.errors import UsageError
from watcher.model import Mood
from watcher.mood import headline, mood
from watcher.states import ARRIVED, OPEN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from watcher.app.core import App
    from watcher.model import Entry
    from watcher.page.activity import Activity

    Order = Mapping[str, Any]


@dataclass(frozen=True)
class Sample:
    """Drops the same CV as ``setup`` in a terminal, by the same code."""

    app: App
    activity: Activity

    def places(self) -> list[str]:
        """The folders that it can be put into, those that are watched; [] if there is none."""
        return [view.safe(each.path) for each in self.app.snapshot().watched if can_drop_sample()]

    def drop(self, order: Order) -> dict[str, object]:
        """Put it into the watched ``folder``; gives what :meth:`look` wants to know.

        UnusableError if that fails. One that lies there already is left as it is.
        """
        folder = self._folder(order)
        since = 0.0 if os.path.lexists(sample_path(folder)) else time.time()
        return {"folder": view.safe(folder), "path": drop_sample(folder), "since": since}

    def look(self, order: Order) -> dict[str, object]:
        """What has become of the one at ``path`` ``since`` then; ``file`` is None until noticed."""
        since = order.get("since")
        if isinstance(since, bool) or not isinstance(since, int | float):
            raise UsageError("A time is a number of seconds.")
        entry = self._find(self._folder(order), str(order.get("path")), since)
        if entry is None:
            return {"file": None, "over": False, "arrived": False}
        snapshot = self.app.snapshot()
        waits = entry.state in OPEN and mood(snapshot) is not Mood.WORKING
        return {
            "file": self.activity.file(entry.file_id),
            "over": entry.state not in OPEN,
            "arrived": entry.state in ARRIVED,
            "waits": headline(snapshot, self.activity.word) if waits else "",
        }

    def _find(self, folder: str, path: str, since: float) -> Entry | None:
        query = {"text": os.path.basename(path), "folder": folder}
        found = self.activity.matching(query, 20)
        fits = (each for each in found if each.path == path and each.changed_at >= since)
        return next(fits, None)

    def _folder(self, order: Order) -> str:
        wanted = order.get("folder")
        for each in self.app.snapshot().watched:
            if view.safe(each.path) == wanted:
                return each.path
        raise UsageError("This folder is not watched.")
