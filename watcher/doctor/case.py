"""What is examined: one set-up on one machine, and what the checks have learned of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from watcher.app.clock import RealClock
from watcher.app.plans import make_plans, this_machine
from watcher.credentials import SystemKeyring
from watcher.folders.limits import read_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watcher.app.places import Places
    from watcher.config import Loaded
    from watcher.folders.limits import Limits
    from watcher.ports import Plan

#: What checks that build on the configuration need.
CONFIG = ("config", "")


@dataclass
class Case:
    """``home`` and ``environ`` are the person's.

    ``loaded`` is the configuration once it was read; None until then, and if it has mistakes.
    ``secrets`` are the keys that were found, so that they can be taken out of what is sent away.
    """

    config: str
    places: Places
    environ: Mapping[str, str]
    home: str
    keyring: SystemKeyring = field(default_factory=SystemKeyring)
    limits: Callable[[], Limits | None] = read_limits
    wall: Callable[[], float] = time.time
    tick: Callable[[], float] = RealClock.tick
    loaded: Loaded | None = field(default=None, init=False)
    secrets: list[str] = field(default_factory=list, init=False, repr=False)

    def plans(self) -> Mapping[str, Plan]:
        """The watched folders by their paths without symbolic links; none without configuration."""
        return make_plans(self.loaded.config, this_machine()) if self.loaded else {}
