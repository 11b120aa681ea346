"""The doctor's lines, for the page."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.daemon.instance import Places
    from watcher.i18n.words import Word

_LOOKS: Final = (
    ("ok", "✓", "good"), ("warning", "!", "busy"), ("error", "✗", "bad"),
    ("skipped", "\N{EN DASH}", "quiet"),
)  # fmt: skip


@dataclass(frozen=True)
class Health:
    """``environ`` is what the program was started with, keys included."""

    config: str
    places: Places
    environ: Mapping[str, str]
    word: Word

    def lines(self) -> dict[str, object]:
        """All findings; takes some seconds, as HrFlow is asked too."""
        from watcher import doctor  # noqa: PLC0415 - only who asks for it needs it

        case = doctor.Case(self.config, self.places, self.environ, os.path.expanduser("~"))
        looks = {level: (sign, tone) for level, sign, tone in _LOOKS}
        return {
            "lines": [
                {
                    "sign": looks[finding.level.value][0],
                    "tone": looks[finding.level.value][1],
                    "level": self.word(finding.level.value),
                    "label": self._label(check.label),
                    "about": view.safe(check.about),
                    "text": self.word(view.safe(finding.text)),
                    "mend": self.word(view.safe(advice)),
                }
                for check, finding, advice in doctor.with_advice(doctor.examine(case))
            ]
        }

    def _label(self, label: str) -> str:
        """What was looked at; of several accounts it says which one's it is."""
        what, of, account = label.partition(" of ")
        if not of:
            return self.word(label)
        return self.word("{what} of {account}", what=self.word(what), account=view.safe(account))
