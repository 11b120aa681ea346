"""``forget``: removes what is kept here about files or a person."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from watcher.cli.context import find_files, open_reader, places, program_options, send_files
from watcher.cli.editing import is_terminal
from watcher.cli.output import confirm, count_files, json_option, say, say_json, say_table
from watcher.daemon.event_log import scrub_logs
from watcher.model.errors import UnusableError, UsageError, WatcherError
from watcher.model.lifecycle import OPEN
from watcher.present import view
from watcher.routing.patterns import fold
from watcher.sniff.bundles import document_path

if TYPE_CHECKING:
    from watcher.daemon.instance import Places
    from watcher.i18n.message import Text
    from watcher.model.records import Entry


@click.command("forget")
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@click.option(
    "--person", metavar="NAME", default="",
    help="All files of this person, by name or email address.",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
@json_option
@program_options
def command(
    ctx: click.Context,
    paths: tuple[str, ...],
    person: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase what the history and the logs say about files or a person.

    PATH is a file or a folder. Nothing is deleted in HrFlow. A checksum of what was uploaded is
    kept, so that it is not uploaded again. Files that are still in their folder are not forgotten:
    delete or move them first.
    """
    if not (paths or person):
        raise UsageError("Name files or --person.")
    where = places(ctx)
    found = _find(where, paths, person)
    kept = [entry for entry in found if entry.state in OPEN or os.path.lexists(entry.path)]
    doomed = [entry for entry in found if entry not in kept]
    if not as_json:
        _show(doomed, kept)
    if doomed and not yes and (as_json or not is_terminal()):
        raise UsageError("Can't ask for confirmation here.", "Add --yes if you are sure.")
    is_overwritten = True
    if doomed and (yes or confirm(f"Forget {count_files(len(doomed))}?")):
        done = send_files(ctx, "forget", [entry.file_id for entry in doomed])
        if not all(each["done"] for each in done):
            raise WatcherError("The running program did not respond.", "Try again.")
        is_overwritten = all(each["overwritten"] for each in done)
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


def _find(where: Places, paths: tuple[str, ...], person: str) -> list[Entry]:
    found: dict[int, Entry] = {}
    with open_reader(where) as reader:
        if reader is None:
            return []
        for path in paths:
            found |= {entry.file_id: entry for entry in find_files(reader, path)}
        matching = (each for some in reader.pages(text=person) for each in some) if person else ()
        for entry in matching:
            if fold(person) in (fold(entry.profile_name), fold(entry.profile_email)):
                found[entry.file_id] = entry
    return list(found.values())


def _words(entries: list[Entry]) -> set[str]:
    """What the logs may hold about these files."""
    names = {text for e in entries for text in (os.path.basename(e.path), view.name(e))}
    people = {word for e in entries for word in (e.profile_name, e.profile_email)}
    return {word for text in names | people for word in (text, view.safe(text))}


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
