"""``pause`` and ``resume``: start no uploads for a while."""

from __future__ import annotations

import click

from watcher.cli.channel import channel, parse_span
from watcher.cli.context import state_option
from watcher.cli.output import json_option, moment, say, say_json


@click.command("pause")
@click.option("--for", "span", metavar="TIME", help='For so long: "30m", "1h", "1h30m", "2d".')
@click.option("--until-tomorrow", is_flag=True, help="Until the next day begins.")
@json_option
@state_option
@click.pass_context
def command(
    ctx: click.Context,
    span: str | None,
    until_tomorrow: bool,  # noqa: FBT001 - click passes it so
    as_json: bool,  # noqa: FBT001
) -> None:
    """Start no uploads until "resume", or for a while; files are noticed meanwhile.

    What is on its way ends first. A pause outlives a restart.
    """
    if span and until_tomorrow:
        raise click.UsageError("Say --for or --until-tomorrow, not both.")
    order: dict[str, object] = {"seconds": parse_span(span)} if span else {}
    if until_tomorrow:
        order = {"until": "tomorrow"}
    done = channel(ctx).post("/api/pause", **order)
    if as_json:
        say_json(done)
        return
    until = done["paused_until"]
    say(f"Paused until {moment(until)}." if until else "Paused until: hrflow-watcher resume")
