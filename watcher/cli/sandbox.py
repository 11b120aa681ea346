"""``sandbox``: a local HrFlow to rehearse against, in the foreground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from watcher.cli.output import json_option, say, say_json, say_table, styled
from watcher.cli.stopping import stop_signal
from watcher.errors import UsageError

if TYPE_CHECKING:
    from watcher.sandbox import Sandbox


@click.command("sandbox")
@click.option(
    "--port",
    default=0,
    type=click.IntRange(0, 65535),
    metavar="NUMBER",
    help="Listen on this port.  [default: a free one]",
)
@click.option("--data", metavar="FOLDER", help="Keep what arrives in this folder, not in memory.")
@click.option(
    "--parse-seconds",
    default=2.0,
    show_default=True,
    type=click.FloatRange(0, 3600),
    metavar="SECONDS",
    help="How long a profile is invisible after its upload.",
)
@json_option
def command(
    port: int,
    data: str | None,
    parse_seconds: float,
    as_json: bool,  # noqa: FBT001 - click passes it so
) -> None:
    """Be a local HrFlow to rehearse against, until Ctrl-C.

    It listens on this machine only and is as strict as HrFlow's documents allow. Put its address
    in a configuration as api_url; keys and sources are shown at its start.
    Faults can be switched on while it runs: its page /_sandbox/ says how.
    """
    sandbox = make_sandbox(data=data, parse_seconds=parse_seconds)
    with stop_signal() as stop:
        try:
            sandbox.start(port)
        except OSError as error:
            raise UsageError(
                f"The sandbox cannot listen on port {port} ({error.strerror}).", "Choose another."
            ) from error
        try:
            _introduce(sandbox, as_json=as_json)
            while not stop.wait(3600.0):
                pass
        finally:
            sandbox.stop()


def make_sandbox(*, data: str | None = None, parse_seconds: float = 2.0) -> Sandbox:
    """A sandbox that is not started yet."""
    from watcher.sandbox import Sandbox  # noqa: PLC0415 - takes longer than most commands

    return Sandbox(data_dir=data, parse_seconds=parse_seconds)


def _introduce(sandbox: Sandbox, *, as_json: bool) -> None:
    from watcher.sandbox import world  # noqa: PLC0415 - as above

    keys = {world.permission(key): key for key in world.KEYS}
    if as_json:
        sources = [{"key": source.key, "name": source.name} for source in world.SOURCES]
        say_json({"api_url": sandbox.url, "email": world.EMAIL, "keys": keys, "sources": sources})
        return
    say(styled(f"The sandbox answers at {sandbox.url} (Ctrl-C ends it).", "good"))
    rows = [["email", world.EMAIL]]
    rows += [[f"key ({permission})", key] for permission, key in keys.items()]
    rows += [[f"source {source.name}", source.key] for source in world.SOURCES]
    say_table(["What", "Value"], rows)
