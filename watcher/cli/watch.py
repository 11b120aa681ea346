"""``watch``: how things are, in the terminal, as they change."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import click

from watcher.cli.channel import channel
from watcher.cli.context import state_option
from watcher.cli.output import json_option, moment, say, say_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from watcher.page.client import Channel

_COLOURS: Final = {"good": "green", "busy": "cyan", "bad": "red", "quiet": "bright_black"}
_MOODS: Final = {
    "idle": "good", "working": "busy", "paused": "quiet", "offline": "bad", "attention": "bad",
    "not_set_up": "quiet",
}  # fmt: skip


@click.command("watch")
@json_option
@state_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Show how things are, as they change, until Ctrl-C; in a pipe a line for each change."""
    way = channel(ctx)
    try:
        if as_json:
            for now in _changes(way):
                say_json(now)
        elif sys.stdout.isatty():
            _show(way)
        else:
            for now in _changes(way):
                say(f"{moment(now['at'])}\t{now['headline']}")
    except KeyboardInterrupt:
        return


def _changes(way: Channel) -> Iterator[dict[str, Any]]:
    """How things are, now and after each change; NotRunningError at the program's end."""
    import time  # noqa: PLC0415 - only where somebody waits

    seen = 0
    while True:
        said = way.get(f"/api/now?seen={seen}")
        seen = said["number"]
        if said["now"]:
            yield said["now"]
        time.sleep(said["again"])


def _show(way: Channel) -> None:
    from rich.console import Console  # noqa: PLC0415 - costs more than most commands take
    from rich.live import Live  # noqa: PLC0415

    with Live(console=Console(), auto_refresh=False) as live:
        for now in _changes(way):
            live.update(_drawn(now), refresh=True)


def _drawn(now: dict[str, Any]) -> RenderableType:
    from rich.console import Group  # noqa: PLC0415 - see above
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    parts: list[RenderableType] = [
        Text(now["headline"], style=f"bold {_COLOURS[_MOODS[now['mood']]]}")
    ]
    if now["total"]:
        parts.append(ProgressBar(total=now["total"], completed=now["done"], width=60))
    parts += [Text(f"‖ {kept['files']}: {kept['why']}", style="red") for kept in now["kept"]]
    parts += [Text(f"✗ {each['problem']}", style="red") for each in now["watched"]
              if each["problem"]]  # fmt: skip
    parts.append(_table(now["recent"]))
    if now["attention"]:
        parts += [Text("Need attention", style="bold"), _table(now["attention"][:10])]
    return Group(*parts)


def _table(files: list[dict[str, Any]]) -> RenderableType:
    from rich.table import Table  # noqa: PLC0415 - see above
    from rich.text import Text  # noqa: PLC0415

    table = Table.grid(padding=(0, 2), expand=False)
    for file in files:
        colour = _COLOURS[file["tone"]]
        what = file["candidate"] or file["remark"]
        table.add_row(
            Text(moment(file["changed_at"])[11:], style="bright_black"),
            Text(f"{file['sign']} {file['label']}", style=colour),
            Text(file["name"], overflow="ellipsis", no_wrap=True),
            Text(what, style="bright_black", overflow="ellipsis", no_wrap=True),
        )
    return table
