"""``resume``: end a pause."""

from __future__ import annotations

import click

from watcher.cli.channel import channel
from watcher.cli.context import state_option
from watcher.cli.output import say


@click.command("resume")
@state_option
@click.pass_context
def command(ctx: click.Context) -> None:
    """End a pause: uploads go on."""
    channel(ctx).post("/api/resume")
    say("Uploads go on.")
