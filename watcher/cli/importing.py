"""``import``: upload what is already in a folder, now, and account for every file of it."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from watcher import view
from watcher.app import orders
from watcher.app.core import App
from watcher.app.places import is_running
from watcher.cli.context import load_config, places
from watcher.cli.output import json_option, say, say_json, say_table, styled
from watcher.cli.progress import Progress
from watcher.cli.running import log_to, stop_signal
from watcher.credentials import Keys
from watcher.errors import UnusableError, UsageError, WatcherError
from watcher.journal import Reader
from watcher.model import ScanEnded, State
from watcher.pipeline import Pending, Take, Taken
from watcher.settings import Config, Folder, Item, replaced
from watcher.states import ARRIVED, OPEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from watcher.app.places import Places

#: Seconds between two looks at how far it is, for people to see.
_LOOK_SECONDS = 0.5
#: States that count as dealt with: there, or not to be sent by somebody's own choice.
_FINE = ARRIVED | {State.DUPLICATE, State.IGNORED}

Standing = dict[State, tuple[int, int]]


@click.command("import")
@click.argument("folder")
@click.option("--source", metavar="KEY", help="Send to this source; for folders not watched.")
@click.option("--account", default="", help="Send through this account; for folders not watched.")
@click.option("--tag", "tags", multiple=True, metavar="NAME=VALUE", help="Add a tag; likewise.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    folder: str,
    source: str | None,
    account: str,
    tags: tuple[str, ...],
    as_json: bool,  # noqa: FBT001 - click passes it so
) -> int:
    """Upload what is already in FOLDER, now.

    What was sent before is not sent again, so an import that was broken off goes on where it
    stopped. Exit code 0: HrFlow has every file; 5: it does not have some; 130: broken off.
    """
    path = os.path.realpath(os.path.expanduser(folder))
    if not os.path.isdir(path):
        raise UnusableError(f"{folder} is not a folder.", "Name a folder that exists.")
    config = load_config(ctx).config
    chosen = _choose(config, path, source, account, tags)
    where = places(ctx)
    import_it = _order(where, path) if is_running(where) else _run(chosen, where, path)
    with log_to(where, config.log_level), stop_signal() as stop, import_it as over:
        standing = _wait(where, path, over, stop, as_json=as_json)
    _sum_up(path, standing, as_json=as_json)
    if stop.is_set():
        return 130
    return 0 if all(state in _FINE for state in standing) else UnusableError.exit_code


def _choose(
    config: Config, path: str, source: str | None, account: str, tags: tuple[str, ...]
) -> Config:
    """The settings for this import: the folder that holds ``path``, or one made of options."""
    if source is not None:
        name = account or config.accounts[0].name
        chosen = Folder(
            path=path, account=name, source_key=source, tags=tuple(_tag(text) for text in tags)
        )
        return replaced(config, folders=(chosen,))
    holding = [
        folder
        for folder in config.folders
        if (path + os.sep).startswith(os.path.realpath(folder.path).rstrip(os.sep) + os.sep)
    ]
    if not holding:
        raise UsageError(
            f"{view.safe(path)} lies in none of the watched folders.",
            "Name the source it goes to with --source.",
        )
    deepest = max(holding, key=lambda folder: len(folder.path))
    return replaced(config, folders=(deepest,))


def _tag(text: str) -> Item:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise UsageError(f"--tag {text} is no tag.", "Write --tag NAME=VALUE.")
    return Item(name=name, value=value)


class _Over:
    """Whether an import has come to its end: asked while it goes on."""

    def __init__(self) -> None:
        self.changed = threading.Event()
        self.taken = False
        self.pending = 0
        self.failure: BaseException | None = None

    def is_over(self, standing: Standing) -> bool:
        """Whether nothing more will happen by itself."""
        stirring = OPEN - {State.HELD}
        return self.taken and not self.pending and not any(state in stirring for state in standing)


@contextmanager
def _run(config: Config, where: Places, path: str) -> Iterator[_Over]:
    """Do it in this process."""
    over = _Over()

    def hear(news: object) -> None:
        match news:
            case ScanEnded(reason="start") if not over.taken:
                app.post(Take(path))
            case Taken():
                over.taken = True
            case Pending(files):
                over.pending = files
            case _:
                return
        over.changed.set()

    app = App(config, where, keys=Keys(os.environ), tell=hear)
    app.start()
    try:
        yield over
        if app.failure is not None:
            raise WatcherError(f"The import had to end ({app.failure}).", "Start it again.")
    finally:
        app.stop()


@contextmanager
def _order(where: Places, path: str) -> Iterator[_Over]:
    """Have the running program do it, which knows of every new file by itself."""
    over = _Over()
    name = orders.leave(where, "take", path)

    class Ordered(_Over):
        def is_over(self, standing: Standing) -> bool:
            self.taken = not os.path.exists(name)
            return super().is_over(standing)

    over = Ordered()
    yield over


def _wait(
    where: Places, path: str, over: _Over, stop: threading.Event, *, as_json: bool
) -> Standing:
    """How all files stand when nothing more happens by itself, or when asked to stop."""
    with Progress(shown=not as_json) as progress:
        while not stop.wait(_LOOK_SECONDS):
            standing = _look(where, path)
            progress.show(standing)
            if over.is_over(standing):
                break
    return _look(where, path)


def _look(where: Places, path: str) -> Standing:
    reader = Reader(where.journal)
    try:
        return reader.standing(path)
    finally:
        reader.close()


def _sum_up(path: str, standing: Mapping[State, tuple[int, int]], *, as_json: bool) -> None:
    total = sum(files for files, _ in standing.values())
    if as_json:
        states = {state.value: files for state, (files, _) in standing.items()}
        say_json({"folder": view.safe(path), "files": total, "states": states})
        return
    shown = [(view.LOOKS[state], *standing[state]) for state in view.LOOKS if state in standing]
    rows = [
        [f"{look.sign} {look.word}", str(files), view.size(size)] for look, files, size in shown
    ]
    if rows:
        tones = {number: look.tone for number, (look, _, _) in enumerate(shown)}
        say_table(["State", "Files", "Size"], rows, tones)
    arrived = sum(files for state, (files, _) in standing.items() if state in _FINE)
    tone = "good" if arrived == total else "bad"
    say(styled(f"{total} files found, {arrived} of them dealt with.", tone))
    if arrived < total:
        say(f"See which and why with: hrflow-watcher history --folder {view.safe(path)}")
