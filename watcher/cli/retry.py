"""``retry``: try files again that were refused, held, ignored or could not be parsed."""

from __future__ import annotations

import click

from watcher.cli.context import state_option
from watcher.cli.control import obey, order, say_done
from watcher.cli.output import json_option
from watcher.model.errors import UsageError


@click.command("retry")
@click.argument("files", nargs=-1, metavar="[FILE]…")
@click.option("--all", "everything", is_flag=True, help="All that need attention or are held.")
@click.option(
    "--cause", metavar="CAUSE", help='All that this cause holds; "status --json" names it.'
)
@json_option
@state_option
@click.pass_context
def retry(
    ctx: click.Context,
    files: tuple[str, ...],
    everything: bool,  # noqa: FBT001 - click passes it so
    cause: str | None,
    as_json: bool,  # noqa: FBT001
) -> int:
    """Try files again now: FILE, or all at or below a folder; --all; or all of a --cause.

    Files that wait for your yes since before their folder was watched are not among --all:
    name them, or their folder. Where the program does not run, it tries them when it is started.
    Exit codes: 0 done, 5 none of them can be tried again.
    """
    if sum((bool(files), everything, cause is not None)) != 1:
        raise UsageError("Nothing, or too much, was named.", "Name files, or --all, or --cause.")
    if files:
        done = order(ctx, "retry", files)
    elif everything:
        done = obey(ctx, "retry", all=True)
    else:
        done = obey(ctx, "retry", cause=cause)
    return say_done(done, "tried again", as_json=as_json)


@click.command("ignore")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@json_option
@state_option
@click.pass_context
def ignore(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> int:  # noqa: FBT001 - click
    """Do nothing more about FILE, and do not ask for attention for it.

    A file that is changed afterwards is a new one; "retry" takes it up again. Exit codes: 0 done,
    5 none of them can be ignored.
    """
    return say_done(order(ctx, "ignore", files), "ignored", as_json=as_json)
