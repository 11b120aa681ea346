"""``forget``: remove what is kept of a file or a person here."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import click

from watcher.cli.context import places, state_option
from watcher.cli.control import PIECE
from watcher.cli.editing import is_terminal
from watcher.cli.output import json_option, say, say_json, say_table
from watcher.daemon.event_log import scrub_logs
from watcher.daemon.instance import lock
from watcher.journal.reader import Reader
from watcher.journal.writer import Journal
from watcher.model.errors import UnusableError, UsageError, WatcherError
from watcher.model.lifecycle import OPEN
from watcher.page.client import Channel, read_facts
from watcher.present import view
from watcher.routing.names import fold, lies_in

if TYPE_CHECKING:
    from watcher.daemon.instance import Places
    from watcher.model.records import Entry

_MOST = 1_000_000


@click.command("forget")
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@click.option("--person", metavar="NAME", default="", help="All files of this person, by name.")
@click.option("--reference", metavar="TEXT", default="", help="The file with this reference.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@state_option
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[str, ...],
    person: str,
    reference: str,
    yes: bool,  # noqa: FBT001 - click passes it so
    as_json: bool,  # noqa: FBT001
) -> None:
    """Remove what is kept here of files at or below PATH, or of a person, from journal and logs.

    HrFlow is not asked to delete anything. Of what was sent a fingerprint of the content stays,
    so that it is not sent again. Files that are still in their folder are not forgotten: delete
    or move them first.
    """
    if not (paths or person or reference):
        raise UsageError("Nothing was named.", "Name files, --person or --reference.")
    where = places(ctx)
    found = _find(where, paths, person, reference)
    kept = [entry for entry in found if entry.state in OPEN or os.path.lexists(entry.path)]
    doomed = [entry for entry in found if entry not in kept]
    if not as_json:
        _show(doomed, kept)
    if doomed and not yes and (as_json or not is_terminal()):
        raise UsageError("Nobody can be asked here.", "Add --yes if you are sure.")
    is_overwritten = True
    if doomed and (yes or click.confirm(f"Forget {_files(len(doomed))}?")):
        is_overwritten = _forget(where, doomed)
        scrub_logs(where, _words(doomed))
    else:
        doomed = []
    if as_json:
        say_json({"forgotten": len(doomed), "kept": len(kept), "is_overwritten": is_overwritten})
    else:
        say(f"{_files(len(doomed))} forgotten.")
    if not is_overwritten:
        raise UnusableError(
            "The journal's file may still hold remains of them, as it could not be overwritten.",
            "End other programs that read it, or make room on the disk; it is tried again once a "
            "day while hrflow-watcher runs.",
        )
    if kept:
        raise UnusableError(
            f"{_files(len(kept))} still in a folder or on the way.",
            "Delete or move them, then say it again.",
        )


def _find(where: Places, paths: tuple[str, ...], person: str, reference: str) -> list[Entry]:
    if not where.has_journal:
        return []
    reader = Reader(where.journal)
    try:
        found: dict[int, Entry] = {}
        for text in filter(None, (person, reference)):
            for entry in reader.history(text=text, limit=_MOST):
                if _is_meant(entry, person, reference):
                    found[entry.file_id] = entry
        for path in map(_real, paths):
            below = reader.history(folder=path, limit=_MOST)
            named = reader.history(text=os.path.basename(path), limit=_MOST)
            found.update((e.file_id, e) for e in (*below, *named) if lies_in(e.path, path, os.sep))
        return list(found.values())
    finally:
        reader.close()


def _real(path: str) -> str:
    """The path as the journal has it, whether or not anything is there now."""
    folder, name = os.path.split(os.path.abspath(os.path.expanduser(path)))
    return os.path.join(os.path.realpath(folder), name)


def _is_meant(entry: Entry, person: str, reference: str) -> bool:
    of_person = fold(person) in (fold(entry.profile_name), fold(entry.profile_email))
    return bool((person and of_person) or (reference and entry.reference == reference))


def _words(entries: list[Entry]) -> set[str]:
    """What of these files may stand in a log."""
    names = {os.path.basename(entry.path) for entry in entries}
    people = {word for e in entries for word in (e.profile_name, e.profile_email)}
    return {word for text in names | people for word in (text, view.safe(text))}


def _forget(where: Places, entries: list[Entry]) -> bool:
    """Whether nothing of them is left in the journal's file either."""
    ids = tuple(entry.file_id for entry in entries)
    if read_facts(where):
        way, is_overwritten = Channel.open(where), True
        for at in range(0, len(ids), PIECE):
            done = way.post("/api/forget", ids=ids[at : at + PIECE])
            if not done["done"]:
                raise WatcherError("The running program did not forget them.", "Try it again.")
            is_overwritten = is_overwritten and done["overwritten"]
        return is_overwritten
    with lock(where):
        journal = Journal(where.journal)
        try:
            return journal.retention.forget(ids, time.time())
        finally:
            journal.close()


def _show(doomed: list[Entry], kept: list[Entry]) -> None:
    rows = [
        [view.safe(entry.path), str(view.LOOKS[entry.state].word), view.safe(entry.profile_name)]
        for entry in (*doomed, *kept)
    ]
    if rows:
        tones = dict.fromkeys(range(len(doomed), len(rows)), "quiet")
        say_table(["File", "State", "Person"], rows, tones)
    else:
        say("Nothing of that kind is kept here.")


def _files(number: int) -> str:
    return f"{number} file{'s' * (number != 1)}"
