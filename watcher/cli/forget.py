"""``forget``: removes what is kept here about files or a person."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import click

from watcher.cli.context import places, state_option
from watcher.cli.control import BATCH
from watcher.cli.editing import is_terminal
from watcher.cli.output import confirm, count_files, json_option, say, say_json, say_table
from watcher.daemon.event_log import scrub_logs
from watcher.daemon.instance import lock
from watcher.journal.reader import Reader
from watcher.journal.writer import Journal
from watcher.model.errors import UnusableError, UsageError, WatcherError
from watcher.model.lifecycle import OPEN
from watcher.page.client import Channel, read_facts
from watcher.present import view
from watcher.routing.patterns import fold, lies_in
from watcher.sniff.bundles import document_path

if TYPE_CHECKING:
    from watcher.daemon.instance import Places
    from watcher.i18n.message import Text
    from watcher.model.records import Entry

_MOST = 1_000_000


@click.command("forget")
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@click.option(
    "--person",
    metavar="NAME",
    default="",
    help="All files of this person, by name or email address.",
)
@click.option("--reference", metavar="TEXT", default="", help="The file with this reference.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
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
    """Erase what the history and the logs say about files or a person.

    PATH is a file or a folder. Nothing is deleted in HrFlow. A fingerprint of what was uploaded is
    kept, so that it is not uploaded again. Files that are still in their folder are not forgotten:
    delete or move them first.
    """
    if not (paths or person or reference):
        raise UsageError("Name files, --person or --reference.")
    where = places(ctx)
    found = _find(where, paths, person, reference)
    kept = [entry for entry in found if entry.state in OPEN or os.path.lexists(entry.path)]
    doomed = [entry for entry in found if entry not in kept]
    if not as_json:
        _show(doomed, kept)
    if doomed and not yes and (as_json or not is_terminal()):
        raise UsageError("Can't ask for confirmation here.", "Add --yes if you are sure.")
    is_overwritten = True
    if doomed and (yes or confirm(f"Forget {count_files(len(doomed))}?")):
        is_overwritten = _forget(where, doomed)
        scrub_logs(where, _words(doomed))
    else:
        doomed = []
    if as_json:
        say_json({"forgotten": len(doomed), "kept": len(kept), "is_overwritten": is_overwritten})
    else:
        say(f"{count_files(len(doomed))} forgotten.")
    if not is_overwritten:
        raise UnusableError(
            "The history file could not be overwritten, so traces may remain in it.",
            "Close other programs that read it, or free disk space. Overwriting is retried once a"
            " day while hrflow-watcher is running.",
        )
    if kept:
        raise UnusableError(
            f"{count_files(len(kept))} not forgotten: still in a folder, or not uploaded yet.",
            "Delete or move them, then try again.",
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
    """The path as the journal has it, whether or not it exists now."""
    folder, name = os.path.split(os.path.abspath(os.path.expanduser(path)))
    return os.path.join(os.path.realpath(folder), name)


def _is_meant(entry: Entry, person: str, reference: str) -> bool:
    of_person = fold(person) in (fold(entry.profile_name), fold(entry.profile_email))
    return bool((person and of_person) or (reference and entry.reference == reference))


def _words(entries: list[Entry]) -> set[str]:
    """What the logs may hold about these files."""
    names = {text for e in entries for text in (os.path.basename(e.path), view.name(e))}
    people = {word for e in entries for word in (e.profile_name, e.profile_email)}
    return {word for text in names | people for word in (text, view.safe(text))}


def _forget(where: Places, entries: list[Entry]) -> bool:
    """Whether no trace of them is left in the journal's file either."""
    ids = tuple(entry.file_id for entry in entries)
    if read_facts(where):
        way, is_overwritten = Channel.open(where), True
        for at in range(0, len(ids), BATCH):
            done = way.post("/api/forget", ids=ids[at : at + BATCH])
            if not done["done"]:
                raise WatcherError("The running program did not respond.", "Try again.")
            is_overwritten = is_overwritten and done["overwritten"]
        return is_overwritten
    with lock(where):
        journal = Journal(where.journal)
        try:
            return journal.retention.forget(ids, time.time())
        finally:
            journal.close()


def _show(doomed: list[Entry], kept: list[Entry]) -> None:
    rows: list[list[Text]] = [
        [document_path(entry.path), view.STATES[entry.state].label, entry.profile_name]
        for entry in (*doomed, *kept)
    ]
    if rows:
        tones = dict.fromkeys(range(len(doomed), len(rows)), "quiet")
        say_table(["File", "State", "Person"], rows, tones)
    else:
        say("No matching files.")
