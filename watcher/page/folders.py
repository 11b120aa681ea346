"""Folders and rules in force, and what would happen to a file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.config.setup import write_tags
from watcher.daemon.examine import WOULD_BE_SENT, examine
from watcher.daemon.plans import former_targets, make_plans, this_machine
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.errors import UsageError
from watcher.page.activity import source_names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from watcher.daemon.core import App
    from watcher.daemon.instance import Places
    from watcher.i18n.message import Catalog
    from watcher.model.settings import Folder, Rule

    Names = Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class Folders:
    """Reads the settings of the program that runs."""

    app: App
    places: Places
    word: Catalog

    def all(self) -> dict[str, object]:
        """All folders, each with its rules in order."""
        names = source_names(self.places)
        problems = {each.path: each.problem for each in self.app.snapshot().watched}
        return {
            "folders": [
                _folder(folder, self._problem(problems, folder), names)
                for folder in self.app.config.folders
            ]
        }

    def _problem(self, problems: Mapping[str, Message], folder: Folder) -> str:
        return self.word(problems.get(os.path.realpath(folder.path), NOTHING))

    def check(self, order: Mapping[str, Any]) -> dict[str, object]:
        """What would happen to the file at ``path``; the same code decides as when it is sent."""
        path = order.get("path")
        if not isinstance(path, str) or not path.strip():
            raise UsageError(msg("Name a file."))
        path = os.path.expanduser(path.strip().strip('"'))
        if not os.path.isabs(path):
            raise UsageError(msg("Name the file with its whole path."))
        former = former_targets(self.places)
        plans = make_plans(self.app.config, this_machine(), former)
        verdict = examine(path, plans, self.places)
        said = {
            name: self.word(value) if isinstance(value, Message) else value
            for name, value in verdict.items()
        }
        said = {"why": "", "what": "", **said}
        return {**said, "good": verdict["verdict"] == WOULD_BE_SENT, **self._named(verdict)}

    def _named(self, verdict: Mapping[str, object]) -> dict[str, object]:
        """The fields of an upload with the source's name beside its key, if it is known."""
        key, fields = str(verdict.get("source_key", "")), verdict.get("fields")
        name = source_names(self.places).get((str(verdict.get("account", "")), key))
        if not name or not isinstance(fields, dict):
            return {}
        return {"fields": {**fields, "source_key": f"{name} ({key})"}}


def _folder(folder: Folder, problem: str, names: Names) -> dict[str, object]:
    return {
        "path": folder.path,
        "real": os.path.realpath(folder.path),
        "problem": problem,
        "account": folder.account,
        "source": _source(folder, folder.source_key, names),
        "tags": write_tags(folder.tags),
        "recursive": folder.recursive,
        "existing": folder.existing.value,
        "after_upload": folder.after_upload.value,
        "after_refusal": folder.after_refusal.value,
        "max_size": folder.max_size,
        "rules": [_rule(folder, at, rule, names) for at, rule in enumerate(folder.rules, 1)],
    }


def _source(folder: Folder, key: str, names: Names) -> str:
    return names.get((folder.account, key), key)


def _rule(folder: Folder, number: int, rule: Rule, names: Names) -> dict[str, object]:
    return {
        "number": number,
        "match": rule.match or "**",
        "media_types": list(rule.media_types),
        "ignore": rule.ignore,
        "source": _source(folder, rule.source_key or "", names),
        "tags": write_tags(rule.tags),
        "reference": rule.reference or "",
        "min_size": rule.min_size,
        "max_size": rule.max_size,
    }
