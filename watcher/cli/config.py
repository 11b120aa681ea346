"""``config check`` and ``config show``."""

from __future__ import annotations

import click

from watcher import view
from watcher.cli.context import config_option, config_path, load_config
from watcher.cli.output import json_option, say, say_json, say_table, styled
from watcher.errors import ConfigError


@click.group("config")
def command() -> None:
    """Check and show the configuration."""


@command.command("check")
@json_option
@config_option
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Find every mistake in the configuration at once."""
    path = config_path(ctx)
    try:
        loaded = load_config(ctx)
    except ConfigError as error:
        if as_json:
            say_json({"file": path, "mistakes": error.mistakes or [str(error)], "warnings": []})
            ctx.exit(error.exit_code)
        raise
    if as_json:
        say_json({"file": path, "mistakes": [], "warnings": loaded.warnings})
        return
    for warning in loaded.warnings:
        say(styled(f"! {warning}", "busy"))
    folders = len(loaded.config.folders)
    say(styled(f"✓ {view.safe(path)} is fine: {folders} folder{'s' * (folders != 1)}.", "good"))


@command.command("show")
@json_option
@config_option
@click.pass_context
def show(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Show every value in force and where it comes from."""
    from watcher.config import show as show_values  # noqa: PLC0415 - only needed here

    rows = show_values(load_config(ctx))
    if as_json:
        for key, value, origin in rows:
            say_json({"key": key, "value": value, "origin": origin})
    else:
        say_table(["Key", "Value", "Comes from"], rows)
