"""``reload``: have the running program read its configuration again."""

from __future__ import annotations

import click

from watcher.cli.channel import channel
from watcher.cli.context import state_option
from watcher.cli.output import say


@click.command("reload")
@state_option
@click.pass_context
def command(ctx: click.Context) -> None:
    """Have the running program use the configuration as it is now.

    It notices a change by itself where the system tells of it; this is for where it does not.
    """
    channel(ctx).post("/api/reload")
    say("The configuration is in force.")
