"""Self-diagnosis: what keeps files from arriving, and what a person can do about it.

::

    findings  what a check is and what it finds; runs checks
    program   the program, its configuration, history and disks, service and icon
    folders   watched folders, and the system's limits on watching them
    account   key, network and sources of an account
    optional  approvals and limits, shared ledger, webhook, hook commands, as far as they are used
    bundle    a report for support, without names and secrets

Nothing is changed, except for a file that is created in each folder and removed at once.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from watcher.doctor import account, folders, optional, program
from watcher.doctor.bundle import write as write_bundle
from watcher.doctor.findings import (
    CONFIG,
    LEVELS,
    Case,
    Check,
    Finding,
    Level,
    ok,
    record,
    run_checks,
    with_advice,
)
from watcher.i18n.message import msg

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "LEVELS", "Case", "Check", "Finding", "Level", "checks", "examine", "ok", "record",
    "with_advice", "write_bundle",
]  # fmt: skip


def examine(case: Case) -> Iterator[tuple[Check, Finding]]:
    """Yield all findings, each as soon as it is known; a check may have several."""
    return run_checks(checks(case))


def checks(case: Case) -> Iterator[Check]:
    """Yield all checks; those after "config" depend on what it has read."""
    yield Check("program", msg("Program"), partial(program.check_program, case))
    yield Check(
        "config", msg("Configuration"), partial(program.check_config, case),
        failing=msg("the configuration is not usable"),
    )  # fmt: skip
    yield from folders.checks(case)
    yield Check(
        "journal", msg("History"), partial(program.check_journal, case), seconds=program.READING
    )
    yield Check("disk", msg("Disk space"), partial(program.check_disks, case))
    yield Check("keyring", msg("Keyring"), partial(account.check_keyring, case), needs=[CONFIG])
    yield from account.checks(case)
    yield from optional.checks(case)
    yield Check("service", msg("Automatic start"), partial(program.check_service, case))
    yield Check("tray", msg("Tray icon"), partial(program.check_tray, case.environ))
