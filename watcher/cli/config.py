"""``config check`` and ``config show``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from watcher.cli.context import config_option, config_path, load_config
from watcher.cli.output import json_option, say, say_json, say_table, styled
from watcher.i18n.message import as_data, as_message
from watcher.model.errors import ConfigError
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.i18n.message import Text


@click.group("config")
def command() -> None:
    """Check and show the configuration."""


@command.command("check")
@json_option
@config_option
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Find every mistake in the configuration at once."""
    from watcher.config import headline  # noqa: PLC0415 - only needed here
    from watcher.config.paths import is_absent, machine_path  # noqa: PLC0415

    path = config_path(ctx)
    machine, is_named = machine_path(os.environ)
    missing = is_absent(machine)
    facts = {"file": path, "machine_file": None if missing else machine}
    try:
        loaded = load_config(ctx)
    except ConfigError as error:
        if as_json:
            say_json(
                facts
                | _as_data("mistake", error.mistakes or (error.message,))
                | _as_data("warning")
            )
            ctx.exit(error.exit_code)
        raise
    if as_json:
        say_json(facts | _as_data("mistake") | _as_data("warning", loaded.warnings))
        return
    if missing and is_named:
        say(f"There is no machine-wide configuration at {view.safe(machine)}.")
    for warning in loaded.warnings:
        say(styled(f"! {view.safe(warning)}", "busy"))
    say(styled(f"✓ {view.safe(headline(loaded))}.", "good"))


def _as_data(name: str, said: Sequence[Text] = ()) -> dict[str, object]:
    """Return sentences in English, and beside them as identifiers with arguments."""
    messages = [as_data(as_message(each)) for each in said]
    return {f"{name}s": [str(each) for each in said], f"{name}_messages": messages}


@command.command("show")
@json_option
@config_option
@click.pass_context
def show(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Show every value in force and where it comes from."""
    from watcher.config import show as show_values  # noqa: PLC0415 - only needed here

    loaded = load_config(ctx)
    rows = show_values(loaded)
    if as_json:
        for key, value, _ in rows:
            text, layer, is_locked = loaded.origins[key]
            said = {"origin": text, "layer": layer, "locked": is_locked}
            say_json({"key": key, "value": value, **said})
    else:
        say_table(["Key", "Value", "Comes from"], rows)
