"""What commands that talk to the running program share."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

from watcher import view
from watcher.cli.context import places
from watcher.cli.output import say, say_json, styled
from watcher.errors import UnusableError, UsageError
from watcher.journal.reader import Reader
from watcher.model import State
from watcher.names import lies_in
from watcher.page.client import Channel

if TYPE_CHECKING:
    from collections.abc import Sequence

    import click

    from watcher.model import Entry

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPAN: Final = re.compile(r"(?:\d+\s*[smhd]\s*)+")
#: Files that one command may name.
_MOST: Final = 10_000


def channel(ctx: click.Context) -> Channel:
    """The way to the program that runs; NotRunningError if none does."""
    return Channel.open(places(ctx))


def parse_span(text: str) -> float:
    """Seconds of "90s", "30m", "1h", "1h30m" or "2d"; UsageError for anything else."""
    if not _SPAN.fullmatch(text.strip().lower()):
        raise UsageError(f"{text!r} is no time.", 'Write "30m", "1h", "1h30m" or "2d".')
    found = re.findall(r"(\d+)\s*([smhd])", text.lower())
    return float(sum(int(number) * _UNITS[unit] for number, unit in found))


def find_files(ctx: click.Context, paths: Sequence[str]) -> list[int]:
    """The ids of the files at or below ``paths``; UnusableError for a path without any."""
    where = places(ctx)
    if not where.has_journal:
        raise UnusableError("No file was uploaded from here so far.")
    reader = Reader(where.journal)
    try:
        found: dict[int, None] = {}
        for path in paths:
            directory, name = os.path.split(os.path.abspath(os.path.expanduser(path)))
            full = os.path.join(os.path.realpath(directory), name)
            entries = reader.history(folder=full, limit=_MOST) or _filed(reader, full)
            if not entries:
                raise UnusableError(
                    f"{view.safe(path)} is no file that is known here.",
                    "See which are with: hrflow-watcher history",
                )
            found.update((entry.file_id, None) for entry in entries)
        return list(found)
    finally:
        reader.close()


def _filed(reader: Reader, full: str) -> list[Entry]:
    """The files that were refused and lie at or below ``full`` since."""
    moved = reader.history(states=(State.REFUSED, State.PARSE_FAILED), limit=_MOST)
    return [each for each in moved if each.filed_to and lies_in(each.filed_to, full, os.sep)]


def say_done(done: dict[str, Any], verb: str, *, as_json: bool) -> int:
    """Say how many files an order was for, and for which it was none; gives the exit code."""
    left = done.get("left", [])
    if as_json:
        say_json(done)
    else:
        files = done["files"]
        words = f"{files} file{' is' if files == 1 else 's are'} {verb}."
        say(styled(words, "good" if files else "quiet"))
        for file in left:
            why = file.get("moved") or f"is {file['label']}"
            say(styled(f"  not {view.safe(file['path'])}: it {why}", "quiet"))
    return UnusableError.exit_code if left and not done["files"] else 0
