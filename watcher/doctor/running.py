"""What the running program knows of an account whose key this process does not have.

A systemd credential, or a variable of the service's own, is seen by the program it was given to and
by nobody else; what the program has learned with it stands in ``running.json`` and the journal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher import view
from watcher.app.places import is_running, read_running
from watcher.doctor.findings import Finding, error, ok
from watcher.errors import NoJournalError
from watcher.journal.reader import Reader
from watcher.model import Cause
from watcher.states import QUOTA_MEND, account_keys, hold_key

if TYPE_CHECKING:
    from watcher.app.places import Places

_ALONE = "only the running program has the key"


@dataclass(frozen=True, slots=True)
class Known:
    """Where the program has the key from; whether it is offline; why all the files wait, or "".

    ``quota``: they wait for the plan's quota, and the key is fine.
    """

    origin: str
    is_offline: bool = False
    held: str = ""
    quota: bool = False


def look(places: Places, account: str) -> Known | None:
    """What the program that runs knows; None if none runs, or it has no key either."""
    if not is_running(places):
        return None
    said = read_running(places)
    keys = said.get("keys")
    found = keys.get(account) if isinstance(keys, dict) else None
    if not isinstance(found, dict) or found.get("problem") or not found.get("origin"):
        return None
    key, why = _held(places, account)
    is_quota = key == hold_key(Cause.QUOTA, account)
    return Known(str(found["origin"]), bool(said.get("offline_since")), why, is_quota)


def judge_key(known: Known) -> Finding:
    """The key is where it is needed."""
    return ok(f"the running program has it from {view.safe(known.origin)}")


def judge_access(known: Known) -> Finding:
    """What is known of it without asking HrFlow."""
    if known.is_offline:
        return error(
            "the running program does not reach HrFlow",
            "Check the network, and api_url in the configuration.",
        )
    if known.held:
        return error(
            f"the running program keeps all files back: {view.safe(known.held)}",
            QUOTA_MEND
            if known.quota
            else "If it is the key, put the right one where the program has it from, and start the"
            " program anew.",
        )
    return ok(
        "nothing keeps the running program from uploading; what HrFlow says of its key cannot be"
        " asked from here",
        stops=_ALONE,
    )


def _held(places: Places, account: str) -> tuple[str, str]:
    """The cause that keeps back all files of an account, and why it does."""
    try:
        reader = Reader(places.journal)
    except NoJournalError:
        return "", ""
    try:
        why = {key: why for key, why, _ in reader.held()}
    finally:
        reader.close()
    return next(((key, why[key]) for key in account_keys(account) if key in why), ("", ""))
