"""How long a person wants no messages on the desktop; kept in a file beside the journal."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from watcher.app.places import write_atomically

if TYPE_CHECKING:
    from watcher.app.places import Places


def read_snooze(places: Places) -> float:
    """The moment until which there are none: 0 for no such wish, inf for "until told"."""
    try:
        with open(places.snooze, encoding="utf-8") as file:
            until = json.load(file)["until"]
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0  # being absent is the normal case, and half a file is never written
    return float(until) if isinstance(until, int | float) else math.inf


def write_snooze(places: Places, until: float) -> None:
    """Keep it; the running program takes it up at once."""
    places.prepare()
    text = json.dumps({"until": None if math.isinf(until) else until})
    write_atomically(places.snooze, text)
