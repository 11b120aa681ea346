"""Self-diagnosis: what keeps files from arriving, and what a person can do about it.

::

    findings  what a check finds; checks run in order, in bounded time, none stopping another
    case      what is examined, and what the checks have learned of it
    program   versions, configuration
    folders   watched folders; limits: what the system gives for watching
    storage   journal, disks
    account   key, access, sources; network: name, proxy, certificate, clock
    running   what only the running program knows of an account
    results   webhook, commands of one's own
    service   start at login
    desktop   tray
    bundle    a file for support; scrubbing: text without people and secrets

Judgements are functions of plain values (``judge_…``); what is looked at belongs to the edges.
Nothing is changed, but for a file that is made in each folder and removed at once.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from watcher.doctor import account, desktop, findings, folders, program, results, service, storage
from watcher.doctor.bundle import write as write_bundle
from watcher.doctor.case import Case
from watcher.doctor.findings import Check, Finding, Level, ok, record

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Case", "Check", "Finding", "Level", "examine", "ok", "record", "write_bundle"]

_GROUPS = (program, folders, storage, account, results, service, desktop)


def examine(case: Case) -> Iterator[tuple[Check, Finding]]:
    """All findings, each as soon as it is there; a check may have several."""
    return findings.examine(chain.from_iterable(group.checks(case) for group in _GROUPS))
