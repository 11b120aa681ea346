"""The doctor's lines, for the page."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.daemon.instance import Places
    from watcher.i18n.message import Catalog


@dataclass(frozen=True)
class Health:
    """``environ`` is what the program was started with, keys included."""

    config: str
    places: Places
    environ: Mapping[str, str]
    word: Catalog

    def lines(self) -> dict[str, object]:
        """All findings; takes some seconds, as HrFlow is asked too."""
        from watcher import doctor  # noqa: PLC0415 - only who asks for it needs it

        case = doctor.Case(self.config, self.places, self.environ, os.path.expanduser("~"))
        return {
            "lines": [
                {
                    "sign": doctor.LOOKS[finding.level][0],
                    "tone": doctor.LOOKS[finding.level][1],
                    "level": self.word(doctor.LOOKS[finding.level][2]),
                    "label": view.safe(self.word(check.label)),
                    "about": view.safe(check.about),
                    "text": view.safe(self.word(finding.text)),
                    "mend": view.safe(self.word(advice)),
                }
                for check, finding, advice in doctor.with_advice(doctor.examine(case))
            ]
        }
