"""``ignore``: leave files alone that need attention or wait."""

from __future__ import annotations

import click

from watcher.cli.channel import channel, find_files, say_done
from watcher.cli.context import state_option
from watcher.cli.output import json_option


@click.command("ignore")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@json_option
@state_option
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> int:  # noqa: FBT001 - click
    """Do nothing more about FILE, and do not ask for attention for it.

    A file that is changed afterwards is a new one; "retry" takes it up again. Exit codes: 0 done,
    5 none of them can be ignored, 8 the program does not run.
    """
    way = channel(ctx)
    return say_done(way.post("/api/ignore", ids=find_files(ctx, files)), "ignored", as_json=as_json)
