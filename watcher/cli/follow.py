"""``status --follow``: how things are, in the terminal, as they change."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, Final

from watcher.cli.foreground import stop_signal
from watcher.cli.output import moment, say, say_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType

    from watcher.cli.foreground import StopSignal
    from watcher.page.client import Channel

#: Seconds that are waited for at a time; what ends the waiting comes at any moment.
_LONG: Final = 3600.0
_COLOURS: Final = {"good": "green", "busy": "cyan", "bad": "red", "quiet": "bright_black"}
_TONE_OF_STATE: Final = {
    "idle": "good", "working": "busy", "paused": "quiet", "offline": "bad", "attention": "bad",
    "not_set_up": "quiet",
}  # fmt: skip


def follow(way: Channel, *, as_json: bool) -> None:
    """Show how things are, as they change, until Ctrl-C; in a pipe a line for each change."""
    with stop_signal() as stop:
        if as_json:
            _follow(way, say_json, stop)
        elif sys.stdout.isatty():
            _show(way, stop)
        else:
            _follow(way, lambda now: say(f"{moment(now['at'])}\t{now['headline']}"), stop)


def _follow(way: Channel, tell: Callable[[dict[str, Any]], None], stop: StopSignal) -> None:
    """Tell of every change until somebody asks for an end; NotRunningError at the program's.

    The program is asked on another thread: a Ctrl-C that comes just before an answer is waited for
    would be noticed only with that answer, which may take hours.
    """
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            for now in _changes(way):
                if stop.is_set():
                    return
                tell(now)
        except BaseException as error:  # noqa: BLE001 - raised again below
            failures.append(error)
        finally:
            stop.set()

    threading.Thread(target=ask, name="follow", daemon=True).start()
    while not stop.wait(_LONG):
        pass
    if failures:
        raise failures[0]


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


def _show(way: Channel, stop: StopSignal) -> None:
    from rich.console import Console  # noqa: PLC0415 - costs more than most commands take
    from rich.live import Live  # noqa: PLC0415

    with Live(console=Console(), auto_refresh=False) as live:
        _follow(way, lambda now: live.update(_drawn(now), refresh=True), stop)


def _drawn(now: dict[str, Any]) -> RenderableType:
    from rich.console import Group  # noqa: PLC0415 - see above
    from rich.progress_bar import ProgressBar  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    parts: list[RenderableType] = [
        Text(now["headline"], style=f"bold {_COLOURS[_TONE_OF_STATE[now['state']]]}")
    ]
    if now["total"]:
        parts.append(ProgressBar(total=now["total"], completed=now["done"], width=60))
    parts += [Text(f"‖ {hold['files']}: {hold['why']}", style="red") for hold in now["held"]]
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
