"""What commands share: where the configuration and the program's own files are."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from watcher.daemon.instance import Places, default_state
from watcher.i18n.message import msg

if TYPE_CHECKING:
    from watcher.config import Loaded


def _note_config(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        root = ctx.find_root()
        root.obj = (value, root.obj[1])


def _note_state(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        root = ctx.find_root()
        root.obj = (root.obj[0], value)


#: ``--config`` and ``--state`` are accepted behind a command's name, too.
config_option = click.option(
    "--config", metavar="FILE", expose_value=False, callback=_note_config,
    help="The configuration file to use.",
)  # fmt: skip
state_option = click.option(
    "--state", metavar="FOLDER", expose_value=False, callback=_note_state,
    help="The folder for the history and the log.",
)  # fmt: skip


def places(ctx: click.Context) -> Places:
    """Return where the program's own files are, by ``--state`` or the environment."""
    state: str | None = ctx.find_root().obj[1]
    return Places(os.path.abspath(state) if state else default_state(os.environ))


def config_path(ctx: click.Context) -> str:
    """Return the configuration's path, by ``--config`` or the platform."""
    named: str | None = ctx.find_root().obj[0]
    if named:
        return os.path.abspath(named)
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
    if loaded.has_own or not ctx.find_root().obj[0]:
        return loaded
    said = msg("there is no configuration at {path}; only the machine-wide one is used", path=path)
    return replace(loaded, warnings=(said, *loaded.warnings))
