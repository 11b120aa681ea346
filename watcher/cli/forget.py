"""``forget``: removes what is kept here about files or a person."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

import click

from watcher.cli.context import find_files, places, program_options, send_files
from watcher.cli.editing import is_terminal
from watcher.cli.output import (
    confirm,
    count_files,
    json_option,
    say,
    say_json,
    say_table,
    shown_path,
)
from watcher.daemon.event_log import scrub_logs
from watcher.daemon.state_folder import open_reader
from watcher.i18n.command import command_name
from watcher.model.errors import UnusableError, UsageError, WatcherError
from watcher.model.lifecycle import OPEN
from watcher.present import view
from watcher.routing.names import document_path, search_key

if TYPE_CHECKING:
    from collections.abc import Collection

    from watcher.daemon.state_folder import Places
    from watcher.i18n.message import Text
    from watcher.model.entries import Entry

_WORD: Final = re.compile(r"\w+")
#: How many of the files that are in the way are named.
_NAMED: Final = 5


@click.command("forget")
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@click.option(
    "--person", metavar="NAME", default="",
    help="All files of this person, by name, a part of it, or email address.",
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

    PATH is a file or a folder. Copies and other versions of a file are forgotten with it. Nothing
    is deleted in HrFlow. A checksum of what was uploaded is kept, so that it is not uploaded
    again. Files that are still in their folder are not forgotten: delete or move them first.
    """
    if not (paths or person):
        raise UsageError("Specify files or --person.")
    where = places(ctx)
    found, is_exact = _find(where, paths, person)
    doomed, kept = _split(found)
    if not as_json:
        _show(doomed, kept, person)
    can_ask = not as_json and is_terminal()
    if found and not is_exact and (yes or not can_ask):
        raise UsageError(
            f'"{person}" is only part of the names that were found.',
            "Give whole words of the name, or the email address.",
        )
    if doomed and not (yes or can_ask):
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
        say(f"{count_files(len(doomed))} forgotten." if found else "No matching files.")
    if not is_overwritten:
        raise UnusableError(
            "The history file could not be overwritten, so traces may remain in it.",
            "Close other programs that read it, or free disk space. Overwriting is retried once a"
            " day while hrflow-watcher is running.",
        )
    if kept:
        raise _not_forgotten(kept)


def _place(path: str) -> str:
    """Return where a file is on disk: its path, or that of the file it is in; "" if it is gone."""
    if os.path.lexists(path):
        return path
    container = os.path.dirname(path)
    return container if os.path.isfile(container) else ""


def find_people(
    wanted: str, people: Collection[tuple[str, str]]
) -> tuple[list[tuple[str, str]], bool]:
    """Return the people, as (name, email address), that are wanted; and whether by whole words.

    Those whose name has each wanted word, or whose address is the wanted one; if there are none,
    those whose name contains each word, or whose address before the "@" contains the text. Case,
    accents and the order of words do not matter.
    """
    text = search_key(wanted).strip()
    words = set(_WORD.findall(text))
    if not words:
        return [], True
    keys = {each: (search_key(each[0]), search_key(each[1])) for each in people}
    exact = [
        each
        for each, (name, email) in keys.items()
        if words <= set(_WORD.findall(name)) or text == email
    ]
    if exact:
        return exact, True
    partly = [
        each
        for each, (name, email) in keys.items()
        if all(word in name for word in words) or text in email.partition("@")[0]
    ]
    return partly, not partly


def _find(where: Places, paths: tuple[str, ...], person: str) -> tuple[list[Entry], bool]:
    """Return the files and their traces, and whether the person was named by whole words."""
    with open_reader(where) as reader:
        if reader is None:
            return [], True
        people = reader.people() if person else {}
        wanted, is_exact = find_people(person, people)
        file_ids = [file_id for each in wanted for file_id in people[each]]
        file_ids += [entry.file_id for path in paths for entry in find_files(reader, path)]
        return reader.entries_of(sorted(reader.traces(file_ids))), is_exact


def _split(found: list[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Return the files that can be forgotten, and those that are in the way."""
    doomed: list[Entry] = []
    kept: list[Entry] = []
    for entry in found:
        stays = entry.state in OPEN or bool(_place(entry.path))
        (kept if stays else doomed).append(entry)
    return doomed, kept


def _words(entries: list[Entry]) -> set[str]:
    """What the logs may hold about these files."""
    names = {text for e in entries for text in (os.path.basename(e.path), view.name(e))}
    people = {word for e in entries for word in (e.profile_name, e.profile_email)}
    return {word for text in names | people for word in (text, view.safe(text))}


def _show(doomed: list[Entry], kept: list[Entry], person: str) -> None:
    rows: list[list[Text]] = [
        [shown_path(document_path(entry.path)), view.display(entry).label, entry.profile_name]
        for entry in (*doomed, *kept)
    ]
    if rows:
        tones = dict.fromkeys(range(len(doomed), len(rows)), "quiet")
        say_table(["File", "State", "Person"], rows, tones)
        return
    if person:
        say(
            "People are found by the name that HrFlow read in their CV, while it is kept. To"
            f' find files by their own names: {command_name()} history "{person}"',
            err=True,
        )


def _not_forgotten(kept: list[Entry]) -> UnusableError:
    """Return the error that says what is in the way, and what to do about it."""
    places = {entry.path: _place(entry.path) for entry in kept}
    in_place = {document_path(place) for place in places.values() if place}
    on_the_way = {document_path(path) for path, place in places.items() if not place}
    titles, hints = list[str](), list[str]()
    if in_place:
        files = f"{count_files(len(in_place))} not forgotten, still there"
        titles.append(f"{files}: {_listed(in_place)}.")
        hints.append("Delete or move what is still there, then forget it by its path.")
    if on_the_way:
        files = f"{count_files(len(on_the_way))} not forgotten, not uploaded yet"
        titles.append(f"{files}: {_listed(on_the_way)}.")
        hints.append("Try again after the upload.")
    return UnusableError(" ".join(titles), " ".join(hints))


def _listed(paths: set[str]) -> str:
    """The first paths, and how many more there are."""
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(sorted(paths)[:_NAMED]) + more
