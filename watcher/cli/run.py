"""``run``: watches the folders and uploads what is dropped there, in the foreground."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from watcher.cli.context import config_path, load_config, named, places, program_options
from watcher.cli.foreground import (
    LiveLines,
    log_to,
    stop_signal,
    wait_for_end,
)
from watcher.cli.output import Styled, json_option, say
from watcher.config.machine import MachineFile
from watcher.config.paths import is_absent
from watcher.credentials import LEDGER, WEBHOOK, Keys, take_secret
from watcher.daemon.core import App
from watcher.daemon.instance import Instance
from watcher.daemon.service_manager import ServiceManager
from watcher.daemon.setup import make_missing
from watcher.daemon.updates import OwnFiles, UpdateWatch
from watcher.i18n.command import command_name
from watcher.i18n.message import Text, as_message, msg
from watcher.model.errors import UPDATED, ConfigError
from watcher.model.settings import Config
from watcher.pipeline.messages import Ping

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from watcher.daemon.state_folder import Places

    FileVersion = tuple[int, int, int]

_log = logging.getLogger(__name__)


@click.command("run")
@json_option
@click.option("--quiet", is_flag=True, help="Don't list files as they are processed; for services.")
@click.option(
    "--tray/--no-tray", "tray", default=None,
    help="Show the tray icon.  [default: if there is a desktop]",
)  # fmt: skip
@program_options
def command(ctx: click.Context, as_json: bool, quiet: bool, tray: bool | None) -> None:
    """Watch the folders and upload what is dropped there, until Ctrl-C.

    Changes to the configuration take effect at once; if there are mistakes, they are reported and
    the last good version stays in effect. Without a configuration it waits for one: set it up with
    "hrflow-watcher open".

    Ctrl-C stops it within seconds, and nothing is lost. When another version is installed, it
    finishes the current uploads and stops with exit code 75. With automatic start, the new version
    then starts by itself.
    """
    service_manager = ServiceManager.of_process(os.environ)
    path = config_path(ctx)
    versions = {
        each: _file_version(each) for each in (path, MachineFile.of_process(os.environ).path)
    }
    where = places(ctx)
    config, warnings = _first_config(ctx, where)
    environ = dict(os.environ)
    secret, password = take_secret(WEBHOOK, os.environ), take_secret(LEDGER, os.environ)
    with log_to(where, config.log_level), stop_signal() as stop:
        lines = None if quiet else LiveLines(stop, as_json=as_json)
        announce = _announcer(mute=quiet or as_json)
        instance = Instance(where)
        updates = UpdateWatch(OwnFiles.of_process(), lambda: stop.set(UPDATED), announce)

        def on_event(event: object) -> None:
            updates.on_event(event)
            if lines:
                lines(event)

        app = App(
            config,
            where,
            keys=Keys.of_process(os.environ),
            on_event=on_event,
            shown=lines.states if lines else frozenset(),
            webhook_secret=secret,
            ledger_password=password,
            instance=instance,
            leaves_others=True,
        )
        reload = _Reload(ctx, app)
        app.start()
        # Importing these takes as long as beginning to watch, which must not wait for them.
        from watcher.daemon.desktop import on_desktop  # noqa: PLC0415
        from watcher.page.actions import Control  # noqa: PLC0415
        from watcher.page.server import ActivityPage  # noqa: PLC0415

        page = ActivityPage(
            app, instance, where, config=path, environ=environ,
            control=Control(stop.set, reload),
        )  # fmt: skip
        try:
            reload.watch(versions)
            warnings = [*warnings, page.start()]
            for warning in filter(None, () if as_json else warnings):
                say(Styled(f"! {warning}", "busy"))
            if lines and not as_json:
                more = f" To see more: {command_name()} open" if config.accounts else ""
                say(Styled(f"Press Ctrl-C to stop.{more}", "quiet"))
            service_manager.ready(lambda alive: app.post(Ping(alive)))
            with on_desktop(
                app, where, environ,
                with_icon=tray, act=page.act, say=announce,
            ):  # fmt: skip
                updates.start(app)
                if quiet:  # as a service: folders may have changed while it did not run
                    reload.refresh_menus()
                wait_for_end(app, stop)
        finally:
            service_manager.stopping()
            updates.stop()
            try:
                page.stop()
            finally:
                app.stop()
    if stop.exit_code == UPDATED:
        announce(f"Stopped for the update. Start it again with: {command_name()} run")
    ctx.exit(stop.exit_code)


class _Reload:
    """Puts the configuration into use, one call at a time: the latest version must win."""

    def __init__(self, ctx: click.Context, app: App) -> None:
        self._ctx = ctx
        self._app = app
        self._reloading = threading.Lock()
        self._refreshing = threading.Lock()

    def __call__(self) -> tuple[Text, ...]:
        """Use the configuration as it is now; return its mistakes."""
        with self._reloading:
            return self._reload()

    def watch(self, versions: Mapping[str, FileVersion]) -> None:
        """Reload when a file is no longer of the version that was read."""
        for each in versions:
            self._app.watch_file(each, self)
        if any(_file_version(each) != version for each, version in versions.items()):
            self()  # it changed before it was watched

    def refresh_menus(self) -> None:
        """Have the menus of file managers list the folders; on a thread, as programs are run."""

        def refresh() -> None:
            from watcher.daemon.login_service import LoginService  # noqa: PLC0415 - takes memory

            path, where, home = config_path(self._ctx), places(self._ctx), os.path.expanduser("~")
            with self._refreshing:
                LoginService(path, self._app.config, where, os.environ, home).refresh_menus()

        threading.Thread(target=refresh, name="menus", daemon=True).start()

    def _reload(self) -> tuple[Text, ...]:
        app = self._app
        try:
            loaded = load_config(self._ctx)
        except ConfigError as error:
            mistakes = error.mistakes or (error.title,)
            said = "; ".join(map(str, mistakes))
            _log.error("the new configuration is not used: %s", said)
            say(Styled(f"! The new configuration is not used: {said}", "bad"))
            remarks = tuple(
                msg("The new configuration is not used: {what}", what=each) for each in mistakes
            )
            if remarks != app.config.remarks:
                app.reload(replace(app.config, remarks=remarks))
            return mistakes
        make_missing(loaded.config.folders)
        before = app.config
        if loaded.config == before:
            return ()
        app.reload(loaded.config)
        if _paths(loaded.config) != _paths(before):
            self.refresh_menus()
        _log.info("configuration reloaded")
        say(Styled("Configuration reloaded.", "good"))
        return ()


def _paths(config: Config) -> list[str]:
    return [folder.path for folder in config.folders]


def _announcer(*, mute: bool) -> Callable[[str], None]:
    """Return a function that logs a sentence, and shows it unless ``mute``."""

    def announce(sentence: str) -> None:
        _log.info("%s", sentence)
        if not mute:
            say(Styled(sentence, "quiet"))

    return announce


def _first_config(ctx: click.Context, where: Places) -> tuple[Config, Sequence[Text]]:
    """Read the configuration and its warnings; an empty one if there is none yet.

    A file that was named must exist. Mistakes are logged, too, as a service has no screen. If the
    system-wide file has mistakes, the program waits for them to be fixed: this person cannot.
    """
    path = config_path(ctx)
    has_own = os.path.exists(path)
    machine = MachineFile.of_process(os.environ).path
    if has_own or named(ctx, "config") or not is_absent(machine):
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
        return loaded.config, loaded.warnings
    return _wait_for_setup(path)


def _wait_for_setup(path: str) -> tuple[Config, list[str]]:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    return Config(accounts=()), [f"Not set up yet. Set it up with: {command_name()} open"]


def _file_version(path: str) -> FileVersion:
    """What tells one version of a file from another; zeros if it does not exist."""
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino
