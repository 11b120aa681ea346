"""``open``: show the activity page in the browser."""

from __future__ import annotations

import click

from watcher.cli.channel import channel
from watcher.cli.context import places, state_option
from watcher.cli.output import say
from watcher.errors import UnusableError
from watcher.page.browser import open_link


@click.command("open")
@click.argument(
    "place", default="",
    type=click.Choice(["", "activity", "attention", "folders", "health", "setup"]),
    metavar="[PLACE]",
)  # fmt: skip
@click.option("--link", "only_link", is_flag=True, help="Write the link instead; it works once.")
@state_option
@click.pass_context
def command(ctx: click.Context, place: str, only_link: bool) -> None:  # noqa: FBT001 - click's
    """Show what happens in your browser: the activity page of the running program.

    PLACE is "activity", "attention", "folders", "health" or "setup". The page is served on this
    machine for you alone: a link lets one browser in, once and within a minute.
    """
    link = channel(ctx).post("/api/link", at=place)["link"]
    if only_link:
        say(link)
    elif not open_link(link, places(ctx)):
        raise UnusableError(
            "There is no browser here that could be started.",
            "Take the link to one with: hrflow-watcher open --link",
        )
