"""``run``: watches the folders and uploads what is dropped there, in the foreground."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Final

import click

from watcher.cli.context import config_option, config_path, load_config, places, state_option
from watcher.cli.foreground import (
    FoldersReady,
    LiveLines,
    call_all,
    log_to,
    stop_signal,
    wait_for_end,
)
from watcher.cli.output import json_option, say, styled
from watcher.config.machine import MachineFile
from watcher.config.paths import is_absent
from watcher.credentials import Keys, ledger_passwords, webhook_secrets
from watcher.daemon.core import App
from watcher.daemon.desktop import show_file
from watcher.daemon.instance import Instance
from watcher.daemon.setup import make_missing, without_absent
from watcher.daemon.systemd import ServiceManager
from watcher.daemon.updates import OwnFiles, UpdateWatch
from watcher.i18n.language import system_language
from watcher.i18n.message import Text, as_message, msg
from watcher.model.errors import UPDATED, ConfigError
from watcher.model.settings import Config, replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from watcher.cli.foreground import StopSignal
    from watcher.daemon.instance import Places
    from watcher.page.server import ActivityPage

    FileVersion = tuple[int, int, int]

_log = logging.getLogger(__name__)

#: Seconds that folders are given to be watched before everything else starts.
_FOLDERS_FIRST: Final = 0.5


@click.command("run")
@json_option
@click.option(
    "--quiet", is_flag=True, help="Do not list files as they are processed; for services."
)
@click.option(
    "--tray/--no-tray", "tray", default=None,
    help="Show an icon in the panel.  [default: if there is a desktop]",
)  # fmt: skip
@config_option
@state_option
@click.pass_context
def command(
    ctx: click.Context,
    as_json: bool,  # noqa: FBT001 - click's
    quiet: bool,  # noqa: FBT001 - likewise
    tray: bool | None,  # noqa: FBT001 - likewise
) -> None:
    """Watch the folders and upload what is dropped there, until Ctrl-C.

    Changes to the configuration take effect at once; if there are mistakes, they are reported and
    the last good version stays in effect. Without a configuration it waits for one: set it up with
    "hrflow-watcher open".

    Ctrl-C stops it within seconds, and nothing is lost. When another version is installed, it
    finishes the current uploads and stops with exit code 75, and the login service starts the new
    version.
    """
    service_manager = ServiceManager.of_process(os.environ)
    path = config_path(ctx)
    versions = {
        each: _file_version(each) for each in (path, MachineFile.of_process(os.environ).path)
    }
    where = places(ctx)
    config, warnings = _first_config(ctx, where)
    environ = dict(os.environ)
    secret, password = webhook_secrets(os.environ), ledger_passwords(os.environ)
    with log_to(where, config.log_level), stop_signal() as stop:
        folders = FoldersReady(len(config.folders))
        lines = None if quiet else LiveLines(stop, as_json=as_json)
        announce = _announcer(mute=quiet or as_json)
        instance = Instance(where)
        updates = UpdateWatch(OwnFiles.of_process(), lambda: stop.set(UPDATED), announce)
        app = App(
            config,
            where,
            keys=Keys.of_process(os.environ),
            on_event=call_all(folders.hear, service_manager.on_event, lines, updates.on_event),
            webhook_secret=secret,
            ledger_password=password,
            instance=instance,
        )
        app.start()
        if config.accounts:
            app.leave_others()
        folders.wait(_FOLDERS_FIRST)
        page, on_desktop = _page_and_icon(
            app, instance, where, path, environ, _Control(ctx, app, stop)
        )
        try:
            _watch_config(ctx, app, versions)
            warnings = [*warnings, page.start()]
            for warning in filter(None, () if as_json else warnings):
                say(styled(f"! {warning}", "busy"))
            service_manager.ready(app.ping, app.facts)
            with on_desktop(
                app, where, environ,
                with_icon=tray, open_page=page.open, retry_all=page.retry_all,
                stop=stop.set, say=announce,
            ):  # fmt: skip
                updates.start(app)
                wait_for_end(app, stop)
        finally:
            service_manager.stopping()
            updates.stop()
            try:
                page.stop()
            finally:
                app.stop()
    if stop.exit_code == UPDATED:
        announce("Stopped for the update. Start it again with: hrflow-watcher run")
    ctx.exit(stop.exit_code)


def _page_and_icon(
    app: App,
    instance: Instance,
    where: Places,
    path: str,
    environ: Mapping[str, str],
    control: _Control,
) -> tuple[ActivityPage, Callable[..., AbstractContextManager[None]]]:
    """Make the page, and what shows an icon.

    Importing them takes as long as beginning to watch the folders, which must not wait for them.
    """
    from watcher.daemon.desktop import on_desktop  # noqa: PLC0415
    from watcher.page.server import ActivityPage  # noqa: PLC0415

    language = system_language(environ)
    page = ActivityPage(
        app, instance, where, config=path, control=control, environ=environ, language=language
    )
    return page, on_desktop


def _watch_config(ctx: click.Context, app: App, versions: Mapping[str, FileVersion]) -> None:
    """Reload the configuration when a file is no longer of the version that was read."""
    for each in versions:
        app.watch_file(each, lambda: _reload(ctx, app))
    if any(_file_version(each) != version for each, version in versions.items()):
        _reload(ctx, app)  # it changed before it was watched


def _announcer(*, mute: bool) -> Callable[[str], None]:
    """Return a function that logs a sentence, and shows it unless ``mute``."""

    def announce(sentence: str) -> None:
        _log.info("%s", sentence)
        if not mute:
            say(styled(sentence, "quiet"))

    return announce


class _Control:
    """What the page and other commands can ask of this process."""

    def __init__(self, ctx: click.Context, app: App, stop: StopSignal) -> None:
        self._ctx = ctx
        self._app = app
        self._stop = stop

    def stop(self) -> None:
        """Stop the program."""
        self._stop.set()

    def reload(self) -> tuple[Text, ...]:
        """Read the configuration again; return its mistakes."""
        return _reload(self._ctx, self._app)

    @staticmethod
    def show(path: str) -> None:
        """Show a folder, or a file in its folder, in the file manager."""
        show_file(path)


def _first_config(ctx: click.Context, where: Places) -> tuple[Config, Sequence[Text]]:
    """Read the configuration and its warnings; an empty one if there is none yet.

    A file that was named must exist. Mistakes are logged, too, as a service has no screen. If the
    machine-wide file has mistakes, the program waits for them to be fixed: this person cannot.
    """
    path = config_path(ctx)
    has_own = os.path.exists(path)
    if has_own or ctx.find_root().obj[0] or not is_absent(MachineFile.of_process(os.environ).path):
        try:
            loaded = load_config(ctx)
        except ConfigError as error:
            if error.unfinished and not has_own:
                return _wait_for_setup(path)
            with log_to(where, "info"):
                said = tuple(map(as_message, error.mistakes or (error.title,)))
                _log.error("%s", "; ".join(map(str, said)))
            if not error.by_machine:
                raise
            return Config(accounts=(), remarks=said), [
                f"{error} Nothing is uploaded until then.",
                *map(str, said),
            ]
        make_missing(loaded.config.folders)
        return loaded.config, without_absent(loaded.warnings)  # each folder's own line says so
    return _wait_for_setup(path)


def _wait_for_setup(path: str) -> tuple[Config, list[str]]:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    return Config(accounts=()), ["Not set up yet. Set it up with: hrflow-watcher open"]


def _file_version(path: str) -> FileVersion:
    """What tells one version of a file from another; zeros if it does not exist."""
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino


def _reload(ctx: click.Context, app: App) -> tuple[Text, ...]:
    """Use the configuration as it is now; return its mistakes."""
    try:
        loaded = load_config(ctx)
    except ConfigError as error:
        mistakes = error.mistakes or (error.title,)
        said = "; ".join(map(str, mistakes))
        _log.error("the new configuration is not used: %s", said)
        say(styled(f"! The new configuration is not used: {said}", "bad"))
        remarks = tuple(
            msg("the new configuration is not used: {what}", what=each) for each in mistakes
        )
        if remarks != app.config.remarks:
            app.reload(replaced(app.config, remarks=remarks))
        return mistakes
    make_missing(loaded.config.folders)
    if loaded.config == app.config:
        return ()
    app.reload(loaded.config)
    app.leave_others()
    _log.info("configuration reloaded")
    say(styled("Configuration reloaded.", "good"))
    return ()
