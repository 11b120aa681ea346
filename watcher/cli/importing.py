"""The two ways to do an import: in this process, or by an order to the program that runs already.

Both tell through :class:`Over` whether anything is still to be expected. It is asked before the
journal is looked at: what was quiet then had been committed before.
"""

from __future__ import annotations

import os
import shlex
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

import click

from watcher.cli.context import config_option, load_config, places, state_option
from watcher.cli.foreground import log_to, stop_signal
from watcher.cli.output import Progress, json_option, moment, say, say_json, say_table, styled
from watcher.cli.questions import tag_option
from watcher.credentials import Keys
from watcher.daemon import orders
from watcher.daemon.core import App
from watcher.daemon.instance import is_running, read_running
from watcher.daemon.orders import folders_of, is_in
from watcher.daemon.plans import on_disk
from watcher.i18n.message import ENGLISH
from watcher.journal.reader import Reader
from watcher.model.errors import (
    AlreadyRunningError,
    JournalError,
    UnusableError,
    UsageError,
    WatcherError,
)
from watcher.model.files import FolderState, ScanEnded
from watcher.model.kinds import State
from watcher.model.lifecycle import ARRIVED, OPEN
from watcher.model.settings import Config, Existing, Folder, Item, replaced
from watcher.pipeline.messages import Connection, Pending, Resume, Take, Taken
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from watcher.cli.foreground import StopSignal
    from watcher.daemon.instance import Places

    Standing = dict[State, tuple[int, int]]

_AGAIN = "Start the import again: it goes on where it stopped."


class Over(Protocol):
    """How far an import is, apart from what the journal says of the files."""

    def is_quiet(self) -> bool:
        """Whether all files have been found and the journal knows of each.

        WatcherError if that will never be.
        """
        ...

    def offline_since(self) -> float:
        """Since when HrFlow cannot be reached, in seconds since 1970; 0 while it can."""
        ...


class _Here:
    """An import in this process. Told of what happens on the pipeline's thread."""

    def __init__(self, config: Config, where: Places, path: str, made: Folder | None) -> None:
        self._path = path
        self._walking = {os.path.realpath(folder.path) for folder in config.folders}
        if made is not None:
            self._walking.add(made.path)
        self._taken = threading.Event()
        self._pending = 0
        self._offline_since = 0.0
        self.app = App(config, where, keys=Keys.of_process(os.environ), tell=self._hear)

    def is_quiet(self) -> bool:
        if self.app.failure is not None:
            raise WatcherError(f"The import had to end ({self.app.failure}).", _AGAIN)
        return self._taken.is_set() and not self._pending

    def offline_since(self) -> float:
        return self._offline_since

    def _hear(self, news: object) -> None:
        match news:
            case ScanEnded(folder=folder, reason="start"):
                self._walked(folder)
            case FolderState(folder, problem) if problem:
                self._walked(folder)
            case Taken():
                self._taken.set()
            case Pending(files):
                self._pending = files
            case Connection(since):
                self._offline_since = since
            case _:
                pass

    def _walked(self, folder: str) -> None:
        if folder in self._walking:
            self._walking.discard(folder)
            if not self._walking:
                self.app.post(Resume())  # whoever imports has mended what held files back
                self.app.post(Take(self._path))


class _Ordered:
    """An import by the running program, which knows of every new file by itself."""

    def __init__(self, where: Places, path: str) -> None:
        self._where = where
        self.order = orders.leave(where, "take", path)

    def is_quiet(self) -> bool:
        if not is_running(self._where):
            raise WatcherError("The program that was to do the import has ended.", _AGAIN)
        return not os.path.exists(self.order) and not read_running(self._where).get("pending")

    def offline_since(self) -> float:
        since = read_running(self._where).get("offline_since")
        return since if isinstance(since, float) else 0.0


@contextmanager
def do_here(config: Config, where: Places, path: str, made: Folder | None) -> Iterator[Over]:
    """Import files at or below ``path`` in this process; ``made`` is a folder not watched."""
    here = _Here(config, where, path, made)
    here.app.start()
    try:
        if made is not None:
            here.app.import_folder(made)
        yield here
    finally:
        here.app.stop()


@contextmanager
def have_done(where: Places, path: str) -> Iterator[Over]:
    """Have the running program import files at or below ``path``."""
    yield _Ordered(where, path)


#: Seconds between two looks at how far it is.
_LOOK_SECONDS: Final = 0.25


#: States that count as dealt with: there, or not to be sent by somebody's own choice.
_FINE: Final = ARRIVED | {State.DUPLICATE, State.IGNORED}


#: States in which something will still happen by itself.
_STIRRING: Final = OPEN - {State.HELD}


@click.command("import")
@click.argument("folder")
@click.option("--source", metavar="KEY", help="Send to this source; for folders not watched.")
@click.option("--account", metavar="NAME", help="Send through this account; with --source.")
@tag_option
@json_option
@config_option
@state_option
@click.pass_context
def command(
    ctx: click.Context,
    folder: str,
    source: str | None,
    account: str | None,
    tags: tuple[Item, ...],
    as_json: bool,  # noqa: FBT001 - click passes it so
) -> int:
    """Upload what is already in FOLDER, now.

    FOLDER is a watched folder or lies in one; others need --source. What was sent before is not
    sent again, so an import that was broken off goes on where it stopped. While the program
    runs, it does the import.

    Exit codes: 0 HrFlow has every file, 5 it does not have some, 130 broken off by Ctrl-C.
    """
    path = os.path.realpath(on_disk(os.path.abspath(os.path.expanduser(folder))))
    if not os.path.isdir(path):
        raise UnusableError(f"{view.safe(folder)} is not a folder.", "Name a folder that exists.")
    if source is None and (account or tags):
        raise UsageError(
            "--account and --tag need --source.", "A watched folder's settings say both."
        )
    config = load_config(ctx).config
    made = None if source is None else _make(config, path, source, account, tags)
    chosen = _choose(config, path) if made is None else _inside(config, path)
    where, began = places(ctx), time.time()
    with log_to(where, config.log_level), stop_signal() as stop:
        with _way(chosen, where, path, made) as over:
            standing = _wait(where, path, over, stop, began, as_json=as_json)
        _sum_up(where, path, standing, as_json=as_json)
    if stop.is_set():
        return 130
    return 0 if all(state in _FINE for state in standing) else UnusableError.exit_code


def _choose(config: Config, path: str) -> Config:
    """The settings for watched folders at, around and below ``path``."""
    wanted = folders_of(path, [os.path.realpath(folder.path) for folder in config.folders])
    if not wanted:
        raise UsageError(
            f"{view.safe(path)} lies in none of the watched folders.",
            "Name the source its files go to with --source KEY.",
        )
    # Folders inside a watched one take part too: the deepest decides what becomes of a file.
    folders = [
        folder
        for folder in config.folders
        if any(is_in(os.path.realpath(folder.path), other) for other in wanted)
    ]
    return replaced(config, folders=tuple(_limited(folder, path) for folder in folders))


def _limited(folder: Folder, path: str) -> Folder:
    """A folder's settings for an import of ``path``: nobody has said yes to files beside it."""
    if is_in(os.path.realpath(folder.path), path):
        return folder
    return replaced(folder, existing=Existing.ASK)


def _inside(config: Config, path: str) -> Config:
    """The settings for the watched folders inside ``path``, which keep theirs."""
    folders = (each for each in config.folders if is_in(os.path.realpath(each.path), path))
    return replaced(config, folders=tuple(folders))


def _make(
    config: Config, path: str, source: str, account: str | None, tags: tuple[Item, ...]
) -> Folder:
    """Settings for a folder that is not watched."""
    name = account or config.accounts[0].name
    names = [each.name for each in config.accounts]
    if name not in names:
        raise UsageError(f"There is no account {name!r}.", f"There is: {', '.join(names)}.")
    for folder in config.folders:
        if is_in(path, os.path.realpath(folder.path)):
            raise UsageError(
                f"{view.safe(path)} lies in the watched folder {view.safe(folder.path)}.",
                "Leave --source away: its settings say where files go.",
            )
    return Folder(path=path, account=name, source_key=source, tags=tags)


def _way(
    config: Config, where: Places, path: str, made: Folder | None
) -> AbstractContextManager[Over]:
    """Do it here, or have the running program do it; ``made`` is a folder that is not watched."""
    if not is_running(where):
        return do_here(config, where, path, made)
    watched = read_running(where).get("folders")
    if not folders_of(path, watched if isinstance(watched, dict) else ()):
        raise AlreadyRunningError(
            f"hrflow-watcher is running and does not watch {view.safe(path)}.",
            "Add the folder to the configuration (the running program takes that up at once), or"
            " end the program, import and start it again.",
        )
    return have_done(where, path)


def _wait(
    where: Places, path: str, over: Over, stop: StopSignal, began: float, *, as_json: bool
) -> Standing:
    """How all files stand when nothing more happens by itself, or when asked to stop.

    What was filed away since the import ``began`` counts too.
    """
    said = False
    with Progress(shown=not as_json) as progress:
        while not stop.wait(_LOOK_SECONDS):
            quiet = over.is_quiet()
            standing = _look(where, path, began)
            progress.show(standing)
            if quiet and not any(state in _STIRRING for state in standing):
                return standing
            if not said and (since := over.offline_since()):
                said = True
                text = f"HrFlow cannot be reached since {moment(since)}; it is tried again."
                click.echo(f"{text} Ctrl-C ends the import.", err=True)
    return _look(where, path, began)


def _look(where: Places, path: str, began: float) -> Standing:
    try:
        reader = Reader(where.journal)
    except JournalError:
        if os.path.exists(where.journal):
            raise
        return {}  # broken off before anything was found
    try:
        standing = reader.standing(path, began)
    finally:
        reader.close()
    standing.pop(State.GONE, None)  # not there any more, so not found
    return standing


def _sum_up(where: Places, path: str, standing: Standing, *, as_json: bool) -> None:
    total = sum(files for files, _ in standing.values())
    if as_json:
        states = {state.value: files for state, (files, _) in standing.items()}
        say_json({"folder": view.safe(path), "files": total, "states": states})
        return
    if not total:
        say(f"There is no file to upload in {view.safe(path)}.")
        return
    shown = [(view.LOOKS[state], *standing[state]) for state in view.LOOKS if state in standing]
    rows = [
        [f"{look.sign} {look.word}", str(files), ENGLISH.size(size)] for look, files, size in shown
    ]
    tones = {number: look.tone for number, (look, _, _) in enumerate(shown)}
    say_table(["State", "Files", "Size"], rows, tones)
    fine = sum(files for state, (files, _) in standing.items() if state in _FINE)
    tone = "good" if fine == total else "bad"
    say(styled(f"{total} file{'s' * (total != 1)} found, {fine} of them dealt with.", tone))
    if fine < total:
        _explain(where, path, standing)


def _explain(where: Places, path: str, standing: Standing) -> None:
    """Why not every file is dealt with, and where to read more."""
    if State.HELD in standing:
        reader = Reader(where.journal)
        try:
            causes = [why for _, why, files in reader.held() if files]
        finally:
            reader.close()
        for why in causes:
            say(styled(f"Held: {view.safe(why)}", "bad"))
    words = f"hrflow-watcher history --folder {shlex.quote(view.safe(path))}"
    say(f"Which and why: {words}")
