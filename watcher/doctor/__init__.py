"""Self-diagnosis: what keeps files from arriving, and what a person can do about it.

::

    findings  what a check finds; checks run in order, in bounded time, none stopping another
    account   key, access, sources; name, proxy, certificate, clock; what the program knows of them
    folders   watched folders, what the system gives for watching; journal and disks
    program   versions, configuration; webhook and hooks, start at login, icon
    bundle    a file for support, without people and secrets

Judgements are functions of plain values (``judge_…``); what is looked at belongs to the edges.
Nothing is changed, but for a file that is made in each folder and removed at once.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from watcher.doctor import account, findings, folders, program
from watcher.doctor.bundle import write as write_bundle
from watcher.doctor.findings import LEVELS, Case, Check, Finding, Level, ok, record, with_advice

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "LEVELS", "Case", "Check", "Finding", "Level", "examine", "ok", "record", "with_advice",
    "write_bundle",
]  # fmt: skip

_GROUPS = (
    program.program_checks,
    folders.folder_checks,
    folders.storage_checks,
    account.checks,
    program.result_checks,
    program.service_checks,
    program.desktop_checks,
)


def examine(case: Case) -> Iterator[tuple[Check, Finding]]:
    """All findings, each as soon as it is there; a check may have several."""
    return findings.examine(chain.from_iterable(checks(case) for checks in _GROUPS))
