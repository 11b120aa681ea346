"""``import``: uploads what is already in a folder, in this process or by the running program.

Either gives its progress by ``App.import_state``, which is read before the journal: what it calls
finished has been committed.
"""

from __future__ import annotations

import os
import shlex
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click
from msgspec.structs import replace

from watcher import documents
from watcher.cli.context import config_path, load_config, places, program_options
from watcher.cli.editing import (
    check_option,
    choose_configured_account,
    find_source,
    is_terminal,
    open_editor,
    tag_option,
)
from watcher.cli.foreground import log_to, stop_signal
from watcher.cli.output import (
    Styled,
    confirm,
    count_files,
    json_option,
    progress,
    say,
    say_json,
    shown_path,
    when,
)
from watcher.config.paths import on_disk
from watcher.credentials import LEDGER, Keys, take_secret
from watcher.daemon.channel import Channel, read_facts
from watcher.daemon.core import App
from watcher.daemon.engine import watched_folders
from watcher.daemon.instance import Instance
from watcher.daemon.plans import folders_of, former_targets, imported_folder, make_plans
from watcher.daemon.state_folder import open_reader
from watcher.documents import Spool
from watcher.folders.scans import scan
from watcher.i18n.command import command_name
from watcher.i18n.message import ENGLISH
from watcher.model.errors import (
    NotRunningError,
    UnusableError,
    UsageError,
    WatcherError,
)
from watcher.model.files import Unusable
from watcher.model.kinds import State
from watcher.model.lifecycle import ARRIVED, OPEN
from watcher.model.settings import Config, Existing, Folder, Item
from watcher.page.actions import Control
from watcher.page.server import ActivityPage
from watcher.present import view
from watcher.routing.names import is_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from watcher.cli.foreground import StopSignal
    from watcher.daemon.state_folder import Places
    from watcher.model.files import Candidate
    from watcher.routing.rules import Plan

    ImportState = dict[str, Any]

    Standing = dict[State, tuple[int, int]]

_AGAIN: Final = "Start the import again: it continues where it stopped."


@contextmanager
def _import_here(
    config: Config, where: Places, path: str, folder: Folder | None, stop: StopSignal, *,
    config_path: str,
) -> Iterator[Callable[[], ImportState]]:  # fmt: skip
    """Import the files in ``path`` in this process; yields a function that returns its state.

    ``folder`` has the settings of a folder that is not watched. Other commands reach this process
    as they reach ``run``.
    """
    environ = dict(os.environ)
    instance = Instance(where)
    app = App(
        config, where, keys=Keys.of_process(os.environ), instance=instance,
        ledger_password=take_secret(LEDGER, os.environ),
    )  # fmt: skip
    page = ActivityPage(
        app, instance, where, config=config_path, environ=environ,
        control=Control(stop.set, tuple),  # an import keeps the settings it began with
    )  # fmt: skip
    app.start()
    try:
        page.start()
        number = app.begin_import(path, folder)

        def look() -> ImportState:
            if app.failure is not None:
                raise WatcherError(f"The import had to stop ({app.failure}).", _AGAIN)
            return app.import_state(number)

        yield look
    finally:
        try:
            page.stop()
        finally:
            app.stop()


@contextmanager
def _import_there(
    where: Places, path: str, folder: Folder | None
) -> Iterator[Callable[[], ImportState]]:
    """Have the running program import the files in ``path``; see :func:`_import_here`."""
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
            title = "The running program has stopped during the import."
            raise WatcherError(title, _AGAIN) from error
        return state

    yield look


#: Seconds between two looks at the progress.
_LOOK_SECONDS: Final = 0.25
#: States that need nothing more: uploaded, or not to be uploaded on purpose.
_FINE: Final = ARRIVED | {State.DUPLICATE, State.IGNORED}
#: States in which something will still happen by itself.
_ACTIVE: Final = OPEN - {State.HELD}


@click.command("import")
@click.argument("folder")
@click.option("--source", metavar="NAME|KEY", help="The source, if the folder is not watched.")
@click.option("--account", metavar="NAME", help="The account of the source, if you have several.")
@tag_option
@check_option
@click.option("--yes", "-y", is_flag=True, help="Upload any number of files.")
@json_option
@program_options
def command(
    ctx: click.Context,
    folder: str,
    source: str | None,
    account: str | None,
    tags: tuple[Item, ...],
    check: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Upload what is already in FOLDER.

    --source is needed unless FOLDER is a watched folder or inside one. Files that were uploaded
    before are skipped, so an interrupted import continues where it stopped. If the program is
    running, it does the import. Before more files than ask_above are uploaded, you are asked in a
    terminal; without one, and with --json, --yes is needed.

    Exit codes: 0 all files are uploaded, 2 --yes is needed, 5 some are not uploaded, 130 stopped
    by Ctrl-C.
    """
    path = os.path.realpath(on_disk(os.path.abspath(os.path.expanduser(folder))))
    if not os.path.isdir(path):
        raise UnusableError(f"{folder} is not a folder.", "Choose a folder that exists.")
    if source is None and (account or tags):
        raise UsageError(
            "--account and --tag need --source.", "A watched folder has its own settings."
        )
    config, made = load_config(ctx).config, None
    if source is not None:
        editor = open_editor(ctx)
        name = choose_configured_account(
            editor.configured, account, asks=not as_json and is_terminal()
        )
        imported_folder(config, path, "", name, ())  # fails before HrFlow is asked
        key, _ = find_source(editor, name, source, check=check)
        made = imported_folder(config, path, key, name, tags)
    where, chosen = places(ctx), _choose(config, path, made)
    asks = not as_json and is_terminal()
    if not yes and not _confirm_many(chosen, where, path, made, asks=asks):
        say("Nothing was uploaded.")
        return 0
    began = time.time()
    with log_to(where, config.log_level), stop_signal() as stop:
        if read_facts(where):
            way = _import_there(where, path, made)
        else:
            way = _import_here(chosen, where, path, made, stop, config_path=config_path(ctx))
        with way as look:
            standing = _wait(where, path, look, stop, began, as_json=as_json)
        _sum_up(where, path, standing, began, as_json=as_json)
    if stop.is_set():
        return 130
    return 0 if all(state in _FINE for state in standing) else UnusableError.exit_code


def _choose(config: Config, path: str, made: Folder | None) -> Config:
    """The settings for watched folders at, around and below ``path``."""
    wanted = folders_of(path, [os.path.realpath(folder.path) for folder in config.folders])
    if not wanted and made is None:
        raise UsageError(
            f"{path} is not in a watched folder.",
            "Specify the source for its files with --source.",
        )
    # Watched folders inside another one are needed too: a file belongs to the deepest.
    folders = [
        folder
        for folder in config.folders
        if any(is_in(os.path.realpath(folder.path), other, os.sep) for other in wanted)
    ]
    return replace(config, folders=tuple(_limited(folder, path) for folder in folders))


def _limited(folder: Folder, path: str) -> Folder:
    """A folder's settings for an import of ``path``: other existing files need approval."""
    if is_in(os.path.realpath(folder.path), path, os.sep):
        return folder
    return replace(folder, existing=Existing.ASK)


def _confirm_many(
    config: Config, where: Places, path: str, made: Folder | None, *, asks: bool
) -> bool:
    """Ask a person whether to upload all these files if they are many; return the answer.

    True if they are few. UsageError if they are many and nobody can be asked.
    """
    plans = make_plans(config, former_targets(where), (made,) if made else ())
    limits = [plan.folder.ask_above for plan in plans.values() if plan.folder.ask_above]
    if not limits:
        return True
    files, size = _count(where, path, plans, min(limits))
    if files <= min(limits):
        return True
    told = f"{count_files(files)} ({ENGLISH.size(size)})"
    if not asks:
        raise UsageError(
            f"{told} would be uploaded, more than ask_above allows without your approval.",
            "Parsing uses paid credits: add --yes to upload them all.",
        )
    say(f"{told} will be uploaded; parsing uses paid credits.")
    return confirm("Upload them?")


def _count(where: Places, path: str, plans: Mapping[str, Plan], limit: int) -> tuple[int, int]:
    """Return how many files at or below ``path`` an import would upload, and their bytes.

    Documents inside others are counted as long as there are no more than ``limit``.
    """
    with open_reader(where) as reader:
        known = reader.known if reader else lambda *_: {}
        waiting = reader.totals(path) if reader else {}
        found = [
            candidate
            for folder in watched_folders(plans, plans)
            for some in scan(folder, known)
            for candidate in some
            if candidate.stat and is_in(candidate.path, path, os.sep)
        ]
    held = [waiting.get(state, (0, 0)) for state in (State.HELD, State.BASELINE)]
    files = len(found) + sum(files for files, _ in held)
    size = sum(each.stat.size for each in found if each.stat) + sum(size for _, size in held)
    spool = Spool(where.spool)
    for candidate in found:
        if files > limit:
            break
        files += max(0, _count_inside(candidate, plans[candidate.folder], spool) - 1)
    return files, size


def _count_inside(candidate: Candidate, plan: Plan, spool: Spool) -> int:
    """Return how many files are inside a file that would be opened; 0 for others."""
    found = documents.identify(
        candidate.folder, candidate.path, accepts=lambda _: False, opens=plan.opens, spool=spool
    )
    if isinstance(found, Unusable) or not found.document.parts:
        return 0
    return sum(not part.left_out for part in found.document.parts)


def _wait(
    where: Places,
    path: str,
    look: Callable[[], dict[str, Any]],
    stop: StopSignal,
    began: float,
    *,
    as_json: bool,
) -> Standing:
    """Return the state of all files when nothing more happens by itself, or when asked to stop.

    Files that were filed away since the import ``began`` count, too.
    """
    said_offline = False
    with progress(shown=not as_json) as show:
        while not stop.wait(_LOOK_SECONDS):
            state = look()
            standing = _look(where, path, began)
            if standing:
                done = sum(files for each, (files, _) in standing.items() if each not in OPEN)
                show(done, sum(files for files, _ in standing.values()))
            if state["over"] and not any(each in _ACTIVE for each in standing):
                return standing
            if not said_offline and (since := state["offline_since"]):
                said_offline = True
                say(
                    f"HrFlow can't be reached (since {when(since)}); retrying automatically."
                    " Ctrl-C stops the import.", err=True,
                )  # fmt: skip
    return _look(where, path, began)


def _look(where: Places, path: str, began: float) -> Standing:
    with open_reader(where) as reader:
        standing = reader.totals(path, began) if reader else {}
    standing.pop(State.GONE, None)  # they no longer exist
    return standing


def _sum_up(where: Places, path: str, standing: Standing, began: float, *, as_json: bool) -> None:
    total = sum(files for files, _ in standing.values())
    with open_reader(where) as reader:
        earlier = reader.arrived_before(path, began) if reader else 0
        opened = reader.opened_below(path, began) if reader else 0
    if as_json:
        states = {state.value: files for state, (files, _) in standing.items()}
        facts = {"folder": path, "files": total, "already": earlier, "states": states}
        say_json(facts)
        return
    if not total:
        say(f"No files to upload in {shown_path(path)}.")
        return
    is_fine = all(state in _FINE for state in standing)
    say(Styled(_total(standing, earlier, opened), "good" if is_fine else "bad"))
    if not is_fine:
        _explain(where, path, standing)


def _total(standing: Standing, earlier: int, opened: int) -> str:
    """All files in one line, like "3 files found: 1 uploaded, 1 already uploaded, 1 refused."."""
    counts = {state: files for state, (files, _) in standing.items()}
    arrived = sum(counts.pop(state, 0) for state in ARRIVED)
    parts = {"uploaded": arrived - earlier, "already uploaded": earlier}
    parts |= {str(shown.label).lower(): files for shown, files in view.numbers(counts, opened)}
    parts = {what: files for what, files in parts.items() if files}
    found = count_files(sum(parts.values()))
    if len(parts) == 1:
        return f"{found}{',' * (earlier > 0)} {next(iter(parts))}."
    return f"{found} found: {', '.join(f'{files} {what}' for what, files in parts.items())}."


def _explain(where: Places, path: str, standing: Standing) -> None:
    """Say why some files are not uploaded, and where to read more."""
    if State.HELD in standing:
        with open_reader(where) as reader:
            for hold in reader.held() if reader else ():
                if hold.files:
                    say(Styled(f"Waiting: {hold.why}", "bad"))
    say(f"See which ones and why with: {command_name()} history {shlex.quote(path)}")
