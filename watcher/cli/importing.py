"""The two ways to do an import: in this process, or by the program that runs already.

Either tells how far it is by ``App.import_state``. It is asked before the journal is looked at:
what was over then had been committed before.
"""

from __future__ import annotations

import os
import shlex
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from watcher.cli.context import config_option, config_path, load_config, places, state_option
from watcher.cli.foreground import log_to, stop_signal
from watcher.cli.output import Progress, json_option, moment, say, say_json, say_table, styled
from watcher.cli.questions import check_option, open_editor, tag_option
from watcher.cli.sources import choose_account, find_source
from watcher.credentials import Keys
from watcher.daemon.core import App
from watcher.daemon.desktop import show_file
from watcher.daemon.imports import folders_of, imported_folder, is_in
from watcher.daemon.instance import Instance
from watcher.daemon.plans import on_disk
from watcher.i18n.language import system_language
from watcher.i18n.message import ENGLISH
from watcher.journal.reader import Reader
from watcher.model.errors import (
    JournalError,
    NotRunningError,
    UnusableError,
    UsageError,
    WatcherError,
)
from watcher.model.kinds import State
from watcher.model.lifecycle import ARRIVED, OPEN
from watcher.model.settings import Config, Existing, Folder, Item, replaced
from watcher.page.client import Channel, read_facts
from watcher.page.whole import ActivityPage
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watcher.cli.foreground import StopSignal
    from watcher.daemon.instance import Places

    ImportState = dict[str, Any]

    Standing = dict[State, tuple[int, int]]

_AGAIN: Final = "Start the import again: it goes on where it stopped."


class _Control:
    """What other commands may have done to a process that imports."""

    def __init__(self, stop: StopSignal) -> None:
        self.stop = stop.set

    @staticmethod
    def reload() -> tuple[str, ...]:
        """The settings of an import stay what they were at its beginning."""
        return ()

    show = staticmethod(show_file)


@contextmanager
def do_here(
    config: Config, where: Places, path: str, folder: Folder | None, stop: StopSignal, *,
    config_path: str,
) -> Iterator[Callable[[], ImportState]]:  # fmt: skip
    """Import files at or below ``path`` in this process; gives what tells how far that is.

    ``folder``: the settings of one that is not watched. Other commands reach this process as they
    reach ``run``.
    """
    environ = dict(os.environ)
    instance = Instance(where)
    app = App(config, where, keys=Keys.of_process(os.environ), instance=instance)
    page = ActivityPage(
        app, instance, where, config=config_path, control=_Control(stop), environ=environ,
        language=system_language(environ),
    )  # fmt: skip
    app.start()
    try:
        page.start()
        number = app.begin_import(path, folder)

        def look() -> ImportState:
            if app.failure is not None:
                raise WatcherError(f"The import had to end ({app.failure}).", _AGAIN)
            return app.import_state(number)

        yield look
    finally:
        try:
            page.stop()
        finally:
            app.stop()


@contextmanager
def have_done(
    where: Places, path: str, folder: Folder | None
) -> Iterator[Callable[[], ImportState]]:
    """Have the running program import files at or below ``path``; see :func:`do_here`."""
    order: dict[str, object] = {"path": path}
    if folder is not None:
        tags = [{"name": tag.name, "value": tag.value} for tag in folder.tags]
        order |= {"source_key": folder.source_key, "account": folder.account, "tags": tags}
    way = Channel.open(where)
    number = way.post("/api/import", **order)["number"]

    def look() -> ImportState:
        try:
            state: ImportState = way.get(f"/api/imports/{number}")
        except NotRunningError as error:
            title = "The program that was to do the import has ended."
            raise WatcherError(title, _AGAIN) from error
        return state

    yield look


#: Seconds between two looks at how far it is.
_LOOK_SECONDS: Final = 0.25


#: States that count as dealt with: there, or not to be sent by somebody's own choice.
_FINE: Final = ARRIVED | {State.DUPLICATE, State.IGNORED}


#: States in which something will still happen by itself.
_STIRRING: Final = OPEN - {State.HELD}


@click.command("import")
@click.argument("folder")
@click.option("--source", metavar="NAME|KEY", help="Send to this source; for folders not watched.")
@click.option("--account", metavar="NAME", help="Send through this account; with --source.")
@tag_option
@check_option
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
    check: bool,  # noqa: FBT001 - click passes it so
    as_json: bool,  # noqa: FBT001 - likewise
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
    config, made = load_config(ctx).config, None
    if source is not None:
        editor = open_editor(ctx)
        name = choose_account(editor, account)
        imported_folder(config, path, "", name, ())  # what makes no sense needs no asking
        key, _ = find_source(editor, name, source, check=check)
        made = imported_folder(config, path, key, name, tags)
    where, began = places(ctx), time.time()
    with log_to(where, config.log_level), stop_signal() as stop:
        if read_facts(where):
            way = have_done(where, path, made)
        else:
            chosen = _choose(config, path, made)
            way = do_here(chosen, where, path, made, stop, config_path=config_path(ctx))
        with way as look:
            standing = _wait(where, path, look, stop, began, as_json=as_json)
        _sum_up(where, path, standing, _count_earlier(where, path, began), as_json=as_json)
    if stop.is_set():
        return 130
    return 0 if all(state in _FINE for state in standing) else UnusableError.exit_code


def _choose(config: Config, path: str, made: Folder | None) -> Config:
    """The settings for watched folders at, around and below ``path``."""
    wanted = folders_of(path, [os.path.realpath(folder.path) for folder in config.folders])
    if not wanted and made is None:
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


def _wait(
    where: Places,
    path: str,
    look: Callable[[], dict[str, Any]],
    stop: StopSignal,
    began: float,
    *,
    as_json: bool,
) -> Standing:
    """How all files stand when nothing more happens by itself, or when asked to stop.

    What was filed away since the import ``began`` counts too.
    """
    said = False
    with Progress(shown=not as_json) as progress:
        while not stop.wait(_LOOK_SECONDS):
            state = look()
            standing = _look(where, path, began)
            progress.show(standing)
            if state["over"] and not any(each in _STIRRING for each in standing):
                return standing
            if not said and (since := state["offline_since"]):
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
        standing = reader.totals(path, began)
    finally:
        reader.close()
    standing.pop(State.GONE, None)  # not there any more, so not found
    return standing


def _count_earlier(where: Places, path: str, began: float) -> int:
    """How many files had arrived before the import ``began``."""
    if not os.path.exists(where.journal):
        return 0
    reader = Reader(where.journal)
    try:
        return reader.arrived_before(path, began)
    finally:
        reader.close()


def _sum_up(where: Places, path: str, standing: Standing, earlier: int, *, as_json: bool) -> None:
    total = sum(files for files, _ in standing.values())
    if as_json:
        states = {state.value: files for state, (files, _) in standing.items()}
        facts = {"folder": view.safe(path), "files": total, "already": earlier, "states": states}
        say_json(facts)
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
    is_fine = all(state in _FINE for state in standing)
    say(styled(_total(standing, earlier), "good" if is_fine else "bad"))
    if not is_fine:
        _explain(where, path, standing)


def _total(standing: Standing, earlier: int) -> str:
    """All files in one line, like "3 files found: 1 uploaded, 1 already uploaded, 1 refused."."""
    arrived = sum(files for state, (files, _) in standing.items() if state in ARRIVED)
    counts = {"uploaded": arrived - earlier, "already uploaded": earlier}
    for state, (files, _) in standing.items():
        if state not in ARRIVED:
            counts[str(view.LOOKS[state].word)] = files
    parts = {what: files for what, files in counts.items() if files}
    total = sum(parts.values())
    found = f"{total} file{'s' * (total != 1)}"
    if len(parts) == 1:
        return f"{found}{',' * (earlier > 0)} {next(iter(parts))}."
    return f"{found} found: {', '.join(f'{files} {what}' for what, files in parts.items())}."


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
