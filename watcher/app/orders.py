"""Orders that other commands leave for the running program, as small files in one directory.

A file is put there whole by a rename and removed once it was read, so that an order survives a
restart and is never read half. The directory is for its owner alone.
"""

from __future__ import annotations

import json
import os
import uuid
from typing import TYPE_CHECKING

from watcher.app.places import write_atomically
from watcher.pipeline import Resume, Take

if TYPE_CHECKING:
    from watcher.app.places import Places

_SUFFIX = ".order"


def leave(places: Places, kind: str, path: str = "") -> str:
    """Leave an order: ``kind`` is "take" (files below ``path``) or "resume".

    Gives the file in which it is left, which is gone once it was read.
    """
    places.prepare()
    name = os.path.join(places.orders, uuid.uuid4().hex + _SUFFIX)
    write_atomically(name, json.dumps({"kind": kind, "path": path}))
    return name


def collect(places: Places) -> list[Take | Resume]:
    """Take all orders that were left, the oldest first."""
    with os.scandir(places.orders) as found:
        files = [entry for entry in found if entry.name.endswith(_SUFFIX)]
    files.sort(key=lambda entry: entry.stat().st_mtime_ns)
    orders = []
    for entry in files:
        order = _read(entry.path)
        os.unlink(entry.path)
        if order is not None:
            orders.append(order)
    return orders


def _read(path: str) -> Take | Resume | None:
    try:
        with open(path, encoding="utf-8") as file:
            read = json.load(file)
    except (OSError, ValueError):
        return None
    match read:
        case {"kind": "take", "path": str(path)}:
            return Take(path)
        case {"kind": "resume"}:
            return Resume()
        case _:
            return None
