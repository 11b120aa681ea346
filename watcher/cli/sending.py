"""``send``: puts copies of files into a watched folder, as a drop onto the activity page does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from watcher.cli.context import load_config, places, program_options
from watcher.cli.output import Styled, count_files, json_option, progress, say, say_json, shown_path
from watcher.daemon.channel import read_facts
from watcher.daemon.plans import former_targets, make_plans
from watcher.documents import open_document
from watcher.documents.adding import Addition
from watcher.i18n.command import command_name
from watcher.i18n.message import Text, msg
from watcher.model.errors import UnusableError, UsageError, WatcherError
from watcher.model.files import Unusable
from watcher.routing.names import is_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from watcher.routing.rules import Plan

#: Reasons that are listed in a terminal.
_LISTED: Final = 10


@click.command("send")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--folder", metavar="NAME", help="The watched folder, if you have several.")
@json_option
@program_options
def command(ctx: click.Context, files: tuple[str, ...], folder: str | None, as_json: bool) -> int:
    """Put copies of files into a watched folder, from where they are uploaded.

    A FILE may be a whole folder. NAME is a watched folder's own name, or its path.

    Exit codes: 0 all files were copied, 5 some were not.
    """
    where = places(ctx)
    plans = make_plans(load_config(ctx).config, former_targets(where))
    plan = _choose(plans, folder)
    chosen = [each for file in files for each in _walk(file)]
    added: list[str] = []
    problems: dict[str, Text] = {}
    with progress(shown=not as_json, label="Copying") as show:
        for number, (path, name) in enumerate(chosen, 1):
            try:
                added.append(_copy(plan, path, name))
            except WatcherError as error:
                problems[path] = error.message
            show(number, len(chosen))
    if as_json:
        left = [{"file": path, "why": str(why)} for path, why in problems.items()]
        say_json({"folder": plan.folder.path, "added": added, "not_added": left})
    else:
        _sum_up(plan.folder.path, len(added), list(problems.values()))
        if added and not read_facts(where):
            say("hrflow-watcher is not running; they will be uploaded when it starts.")
    return UnusableError.exit_code if problems else 0


def _choose(plans: Mapping[str, Plan], wanted: str | None) -> Plan:
    """Return the watched folder of this name or path; UsageError unless exactly one fits."""
    if not plans:
        raise UsageError("No folder is watched.", f"Set one up with: {command_name()} setup")
    path = os.path.realpath(os.path.expanduser(wanted or ""))
    found = [
        plan
        for place, plan in plans.items()
        if wanted is None or place == path or os.path.basename(place) == wanted
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            f"No watched folder is called {wanted}.", f"Watched folders: {', '.join(plans)}"
        )
    raise UsageError(
        f"{len(found)} watched folders could be meant.",
        f"Choose one with --folder: {', '.join(plan.folder.path for plan in found)}",
    )


def _walk(path: str) -> Iterator[tuple[str, str]]:
    """Yield files, each with its name in the watched folder; those in a folder keep their path.

    Links in a folder are left out.
    """
    path = os.path.abspath(os.path.expanduser(path))
    base = os.path.dirname(path)
    if not os.path.isdir(path):
        yield path, os.path.basename(path)
        return
    for directory, _, names in os.walk(path):
        for name in sorted(names):
            full = os.path.join(directory, name)
            if not os.path.islink(full):
                yield full, os.path.relpath(full, base).replace(os.sep, "/")


def _copy(plan: Plan, path: str, name: str) -> str:
    """Put a copy into a watched folder and return its path; WatcherError if that fails."""
    real = os.path.realpath(path)
    if not os.path.lexists(real):
        raise UnusableError(msg("{file} was not found; check the path.", file=path))
    if is_in(real, plan.folder.path, os.sep):
        raise UnusableError(msg("{file} is already in {path}.", file=name, path=plan.folder.path))
    opened = open_document(os.path.dirname(real), real)
    if isinstance(opened, Unusable):
        raise UnusableError(msg("{file}: {why}", file=path, why=opened.why))
    with opened.handle as source:
        mode = os.fstat(source.fileno()).st_mode & 0o777
        modified = opened.stat.mtime_ns / 1e9
        addition = Addition(plan, name, opened.stat.size, modified, mode)
        if why := addition.left_out():
            raise UnusableError(why)
        return addition.copy(source)


def _sum_up(folder: str, added: int, problems: Sequence[Text]) -> None:
    if added:
        say(Styled(f"✓ {count_files(added)} added to {shown_path(folder)}.", "good"))
    elif not problems:
        say("No files were found to copy. Links in folders are ignored.")
    for why in problems[:_LISTED]:
        say(Styled("! Not added: ", "bad"), why)
    if len(problems) > _LISTED:
        say(f"{len(problems) - _LISTED} more files were not added.")
