"""The doctor's lines, for the page."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import msg

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.daemon.instance import Places
    from watcher.i18n.message import Catalog

_LOOKS: Final = (
    ("ok", ("✓", "good", msg("ok"))), ("warning", ("!", "busy", msg("warning"))),
    ("error", ("✗", "bad", msg("error"))),
    ("skipped", ("\N{EN DASH}", "quiet", msg("skipped"))),
)  # fmt: skip


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
        looks = dict(_LOOKS)
        return {
            "lines": [
                {
                    "sign": looks[finding.level.value][0],
                    "tone": looks[finding.level.value][1],
                    "level": self.word(looks[finding.level.value][2]),
                    "label": self.word(check.label),
                    "about": check.about,
                    "text": self.word(finding.text),
                    "mend": self.word(advice),
                }
                for check, finding, advice in doctor.with_advice(doctor.examine(case))
            ]
        }
