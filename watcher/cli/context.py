"""What commands share: the configuration, and the running program or, without one, its journal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click
from msgspec.structs import replace

from watcher.cli.output import say
from watcher.daemon.channel import Channel
from watcher.daemon.state_folder import Places, default_state
from watcher.i18n.message import ENGLISH, msg
from watcher.model.errors import ConfigError, NotRunningError, WatcherError
from watcher.model.kinds import FAILED
from watcher.routing.names import lies_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from watcher.config import Loaded
    from watcher.journal.reader import Reader
    from watcher.model.entries import Entry

#: Orders about which a person is not told that they take effect later.
_QUIET: Final = frozenset({"forget", "sources"})
#: How many files one request names at most, as its size is limited.
_BATCH: Final = 10_000


def _note(ctx: click.Context, option: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.meta[f"watcher.{option.name}"] = value  # shared by a command and its groups


_config_option = click.option(
    "--config", metavar="FILE", expose_value=False, callback=_note,
    help="The configuration file to use.",
)  # fmt: skip
_state_option = click.option(
    "--state", metavar="FOLDER", expose_value=False, callback=_note,
    help="The folder for the history and the log.",
)  # fmt: skip


def program_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--config`` and ``--state``, which work before its name, too, and ``ctx``."""
    return _config_option(_state_option(click.pass_context(command)))


def named(ctx: click.Context, option: str) -> str | None:
    """Return what was given for ``config`` or ``state``."""
    given: str | None = ctx.meta.get(f"watcher.{option}")
    return given


def places(ctx: click.Context) -> Places:
    """Return where the program's own files are, by ``--state`` or the environment."""
    state = named(ctx, "state")
    return Places(os.path.abspath(state) if state else default_state(os.environ))


def config_path(ctx: click.Context) -> str:
    """Return the configuration's path, by ``--config`` or the platform."""
    if given := named(ctx, "config"):
        return os.path.abspath(given)
    from watcher.config import default_path  # noqa: PLC0415 - only where it is asked for

    return default_path(os.environ)


def load_config(ctx: click.Context) -> Loaded:
    """Read the configuration; ConfigError with every mistake in it."""
    from watcher.config import MachineFile, load  # noqa: PLC0415 - status and history do without

    path = config_path(ctx)
    loaded = load(
        path,
        environ=os.environ,
        home=os.path.expanduser("~"),
        state_dir=places(ctx).state,
        machine=MachineFile.of_process(os.environ),
    )
    if loaded.has_own or not named(ctx, "config"):
        return loaded
    said = msg("There is no configuration at {path}; only the system-wide one is used", path=path)
    return replace(loaded, warnings=(said, *loaded.warnings))


def is_set_up(ctx: click.Context) -> bool:
    """Return whether there is a configuration to run with, even if it has mistakes."""
    if os.path.exists(config_path(ctx)):
        return True
    from watcher.config import MachineFile  # noqa: PLC0415 - as in load_config
    from watcher.config.paths import is_absent  # noqa: PLC0415

    if is_absent(MachineFile.of_process(os.environ).path):
        return False
    try:
        load_config(ctx)
    except ConfigError as error:
        return not error.unfinished
    return True


# -- The running program, or its journal


def channel(ctx: click.Context) -> Channel:
    """Return the connection to the running program; NotRunningError if there is none."""
    return Channel.open(places(ctx))


def send(ctx: click.Context, what: str, **order: object) -> dict[str, Any]:
    """Have the running program do something; where none runs, do it to the journal."""
    try:
        done: dict[str, Any] = channel(ctx).post(f"/api/{what}", **order)
    except NotRunningError:
        if what not in _QUIET:
            say("hrflow-watcher is not running; this takes effect when it starts.", err=True)
        return _do_here(places(ctx), what, order)
    return done


def name_sources(ctx: click.Context, account: str, names: Mapping[str, str]) -> None:
    """Remember the names of sources for all who show them; without names, keys are shown."""
    if not names:
        return
    try:
        send(ctx, "sources", account=account, names=names)
    except WatcherError as error:
        import logging  # noqa: PLC0415 - takes time in commands that log nothing

        message = "the names of sources could not be stored: %s"
        logging.getLogger(__name__).info(message, error.title)


def send_files(ctx: click.Context, what: str, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Have something done with files; returns the answers, as they are named in batches."""
    batches = [ids[at : at + _BATCH] for at in range(0, len(ids), _BATCH)]
    return [send(ctx, what, ids=list(batch)) for batch in batches]


def _do_here(where: Places, what: str, order: dict[str, object]) -> dict[str, Any]:
    from watcher.daemon.recovery import standalone  # noqa: PLC0415 - only where nothing runs
    from watcher.page.actions import JournalActions  # noqa: PLC0415
    from watcher.page.activity import Activity  # noqa: PLC0415

    with standalone(where) as journal:
        return JournalActions(journal, Activity(where, ENGLISH)).orders()[what](order)


def real_path(path: str) -> str:
    """Return a path as the journal has it, whether or not it exists now."""
    folder, name = os.path.split(os.path.abspath(os.path.expanduser(path)))
    return os.path.join(os.path.realpath(folder), name)


def find_files(reader: Reader, path: str) -> list[Entry]:
    """Return the files at or below a path, or those that were moved there after a failure."""
    from watcher.journal.history import Filter  # noqa: PLC0415 - many commands do without

    full = real_path(path)
    if found := [each for some in reader.pages(Filter(folder=full)) for each in some]:
        return found
    failed = (each for some in reader.pages(Filter(states=FAILED)) for each in some)
    return [each for each in failed if each.filed_to and lies_in(each.filed_to, full, os.sep)]
