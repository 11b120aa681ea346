"""``run``: watch the folders and upload what is dropped there, in the foreground."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import click

from watcher.app.core import App
from watcher.app.places import read_running
from watcher.app.supervisor import Supervisor
from watcher.cli.context import config_option, config_path, load_config, places, state_option
from watcher.cli.output import json_option, say, styled
from watcher.cli.running import LiveLines, log_to, tell_both, wait_for_end
from watcher.cli.stopping import stop_signal
from watcher.credentials import Keys, webhook_secrets
from watcher.errors import ConfigError

if TYPE_CHECKING:
    from watcher.app.places import Places
    from watcher.config import Loaded

_log = logging.getLogger(__name__)


@click.command("run")
@json_option
@click.option("--quiet", is_flag=True, help="Say nothing of files: for services.")
@config_option
@state_option
@click.pass_context
def command(ctx: click.Context, as_json: bool, quiet: bool) -> None:  # noqa: FBT001 - click passes it so
    """Watch the folders and upload what is dropped there, until Ctrl-C.

    A change of the configuration is taken up at once; a version with mistakes is reported and
    the last good one stays in force. Ctrl-C ends it within seconds; nothing is lost by that.
    """
    supervisor = Supervisor.of_process(os.environ)
    where = places(ctx)
    version = _version(config_path(ctx))
    loaded = _load(ctx, where)
    secret = webhook_secrets(os.environ)
    with log_to(where, loaded.config.log_level), stop_signal() as stop:
        lines = None if quiet else LiveLines(stop, as_json=as_json)
        app = App(
            loaded.config,
            where,
            keys=Keys.of_process(os.environ),
            tell=tell_both(supervisor, lines),
            webhook_secret=secret,
        )
        app.start()
        try:
            app.watch_file(config_path(ctx), lambda: _reload(ctx, app))
            if _version(config_path(ctx)) != version:  # while nobody watched it yet
                _reload(ctx, app)
            if not as_json:
                _say_warnings(loaded)
            supervisor.ready(app.is_alive, lambda: read_running(where))
            wait_for_end(app, stop)
        finally:
            supervisor.stopping()
            app.stop()


def _load(ctx: click.Context, where: Places) -> Loaded:
    """The configuration; what is wrong with it is in the log too, where a service has no screen."""
    try:
        return load_config(ctx)
    except ConfigError as error:
        with log_to(where, "info"):
            _log.error("%s", "; ".join(error.mistakes) or error.title)
        raise


def _version(path: str) -> tuple[int, int, int]:
    """What tells one version of a file from another; zeros if it is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino


def _reload(ctx: click.Context, app: App) -> None:
    try:
        loaded = load_config(ctx)
    except ConfigError as error:
        mistakes = "; ".join(error.mistakes) or error.title
        _log.error("the new configuration is not used: %s", mistakes)
        say(styled(f"! The new configuration is not used: {mistakes}", "bad"))
        return
    app.reload(loaded.config)
    _log.info("the new configuration is in force")
    say(styled("The new configuration is in force.", "good"))


def _say_warnings(loaded: Loaded) -> None:
    for warning in loaded.warnings:
        say(styled(f"! {warning}", "busy"))
