"""``stop``: end the running program."""

from __future__ import annotations

import time
from typing import Final

import click

from watcher.app.places import is_running
from watcher.cli.channel import channel
from watcher.cli.context import places, state_option
from watcher.cli.output import say
from watcher.errors import WatcherError

#: Seconds that uploads under way, and the end itself, may take.
_PATIENCE: Final = 30.0


@click.command("stop")
@state_option
@click.pass_context
def command(ctx: click.Context) -> None:
    """End the running program; returns when it has ended. Nothing is lost by that.

    Where none runs there is nothing to do, and that is no failure.
    """
    where = places(ctx)
    if not is_running(where):
        say("hrflow-watcher is not running.")
        return
    channel(ctx).post("/api/stop")
    deadline = time.monotonic() + _PATIENCE
    while is_running(where):
        if time.monotonic() > deadline:
            raise WatcherError("hrflow-watcher has not ended yet.", "Wait, and say it again.")
        time.sleep(0.05)
    say("hrflow-watcher has ended.")
