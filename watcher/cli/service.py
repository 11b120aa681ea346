"""``service``: have the program started at every login, and look after it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import click

from watcher.cli.context import config_option, config_path, load_config, places, state_option
from watcher.cli.output import json_option, moment, say, say_json, styled
from watcher.credentials.keys import CREDENTIAL, VARIABLE
from watcher.daemon.event_log import LogReader, find_last_error
from watcher.daemon.login_service import LoginService, describe_exit
from watcher.model.errors import ConfigError, UsageError
from watcher.page.client import read_facts
from watcher.present import view
from watcher.service import Systemd

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.daemon.instance import Places
    from watcher.model.settings import Config


@click.group("service")
def command() -> None:
    """Have the program started at every login, for you alone; no administrator is needed.

    It is a systemd user unit or an autostart entry on Linux, a LaunchAgent on macOS, a task of the
    Task Scheduler on Windows.
    """


@command.command("install")
@click.option(
    "--start/--no-start", default=True, help="Start it now as well, or only at the next login."
)
@config_option
@state_option
@click.pass_context
def install(ctx: click.Context, start: bool) -> None:  # noqa: FBT001 - click passes it so
    """Start the program at every login, and now. Can be run again, after an update too."""
    install_service(login_service(ctx, load_config(ctx).config), start=start)


@command.command("uninstall")
@config_option
@state_option
@click.pass_context
def uninstall(ctx: click.Context) -> None:
    """Stop the service, and start it at no login any more. Configuration and journal stay."""
    if login_service(ctx).system.uninstall():
        say(styled("✓ It starts at no login any more.", "good"))
    else:
        say("There is no login service; nothing changes.")


@command.command("start")
@config_option
@state_option
@click.pass_context
def start(ctx: click.Context) -> None:
    """Start it now."""
    service = _installed(ctx)
    if not read_facts(places(ctx)):
        service.start()
    say(styled(f"✓ {_describe_running(places(ctx))}", "good"))


@command.command("stop")
@config_option
@state_option
@click.pass_context
def stop(ctx: click.Context) -> None:
    """Stop it, until the next login; nothing is lost by that."""
    _installed(ctx).stop()
    say(styled("✓ Stopped, until the next login.", "good"))


@command.command("restart")
@config_option
@state_option
@click.pass_context
def restart(ctx: click.Context) -> None:
    """Stop it and start it."""
    _installed(ctx).restart()
    say(styled(f"✓ {_describe_running(places(ctx))}", "good"))


@command.command("status")
@json_option
@config_option
@state_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:  # noqa: FBT001 - click passes it so
    """Whether it is there and runs, since when, its last error."""
    facts = gather(login_service(ctx), places(ctx))
    if as_json:
        say_json(facts)
    else:
        _show(facts)


@command.command("logs")
@click.option("-n", "--lines", default=50, show_default=True, type=click.IntRange(0),
              metavar="NUMBER", help="So many of the last lines.")  # fmt: skip
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written, until Ctrl-C.")
@config_option
@state_option
@click.pass_context
def logs(ctx: click.Context, lines: int, follow: bool) -> None:  # noqa: FBT001 - click passes it so
    """Show the end of the log."""
    reader = LogReader(places(ctx).log)
    try:
        for line in reader.last(lines):
            say(view.safe(line))
        if follow:
            _follow(places(ctx).log, reader)
    finally:
        reader.close()


# -- shared with setup


def login_service(ctx: click.Context, config: Config | None = None) -> LoginService:
    """The service of this set-up; ``config`` is read where it is not given."""
    if config is None:
        try:
            config = load_config(ctx).config
        except ConfigError:  # what is asked for can be done without it
            config = None
    return LoginService(config_path(ctx), config, places(ctx), os.environ, os.path.expanduser("~"))


def install_service(service: LoginService, *, start: bool) -> None:
    """Install it and say so."""
    runs = True
    if start:
        runs = service.apply()
    else:
        service.system.install()
    where = f"{service.system.kind}, {view.safe(service.system.file)}"
    say(styled(f"✓ It starts at every login ({where}).", "good"))
    if not runs:
        say("What runs now was started in another way and goes on; the service follows at the"
            " next login.")  # fmt: skip
    if os.environ.get(VARIABLE):
        say(styled(f"! {VARIABLE} is set here and not at login: store the key with"
                   f" hrflow-watcher login. {_without_keyring(service)}", "busy"))  # fmt: skip


def gather(service: LoginService, where: Places) -> dict[str, object]:
    """Everything that ``service status`` says, for machines."""
    installed = service.system.look()
    said = read_facts(where)
    running = bool(said)
    # What went wrong with a service that is not there any more is nobody's business.
    error = find_last_error(where.log) if installed or running else None
    code = installed.exit_code if installed and not running else None
    return {
        "kind": service.system.kind,
        "installed": installed is not None,
        "file": installed.file if installed else None,
        "enabled": installed.enabled if installed else False,
        "current": installed.current if installed else False,
        "running": running,
        "pid": said.get("pid"),
        "since": said.get("since"),
        "version": said.get("version"),
        "last_exit_code": code,
        "last_error": {"at": error.at, "text": view.safe(error.text)} if error else None,
    }


# -- inside


def _without_keyring(service: LoginService) -> str:
    """How a service has its key on a machine that has no keyring to store it in."""
    if isinstance(service.system, Systemd):
        return (
            "A machine without a keyring gives it the key as a systemd credential: write it into a"
            " file that only you can read, then say systemctl --user edit hrflow-watcher and put"
            " there [Service] and, in the next line,"
            f" LoadCredential={CREDENTIAL}:/path/of/the/file."
        )
    return f"Without a keyring, have {VARIABLE} set in every session, by your login's settings."


def _installed(ctx: click.Context) -> LoginService:
    service = login_service(ctx)
    if service.system.look() is None:
        raise UsageError(
            "There is no login service yet.", "Install it with: hrflow-watcher service install."
        )
    return service


def _describe_running(where: Places) -> str:
    said = read_facts(where)
    since = moment(float(str(said.get("since") or 0)))
    return f"Running since {since} (process {said.get('pid')}, version {said.get('version')})."


def _show(facts: dict[str, object]) -> None:
    where = f"{facts['kind']}, {view.safe(str(facts['file']))}"
    if not facts["installed"]:
        say("Does not start at login. Have it with: hrflow-watcher service install")
    elif not facts["enabled"]:
        say(styled(f"! Does not start at login: it was switched off ({where}).", "bad"))
    else:
        say(styled(f"✓ Starts at every login ({where}).", "good"))
    if facts["installed"] and not facts["current"]:
        say(styled("! It was installed for another version or other folders: bring it up to date"
                   " with hrflow-watcher service install.", "busy"))  # fmt: skip
    if facts["running"]:
        since = moment(float(str(facts["since"] or 0)))
        more = f"process {facts['pid']}, version {facts['version']}"
        say(styled(f"✓ Running since {since} ({more}).", "good"))
    else:
        code = facts["last_exit_code"]
        how = f": {describe_exit(code)}" if isinstance(code, int) and code else ""
        say(styled(f"! Not running{how}.", "bad"))
    if isinstance(error := facts["last_error"], dict):
        say(styled(f"! Last error, at {error['at']}: {error['text']}", "busy"))


def _follow(path: str, reader: LogReader) -> None:
    """Say what is written as it is written."""
    from watcher.cli.foreground import stop_signal  # noqa: PLC0415 - only needed here
    from watcher.folders import WatchedFiles  # noqa: PLC0415 - takes time to import

    files = WatchedFiles()
    with stop_signal() as stop:
        changed = _sayer(reader, stop.set)
        files.watch(path, changed)
        try:
            changed()  # what came before it was watched
            while not stop.wait(3600.0):
                pass
        finally:
            files.stop()


def _sayer(reader: LogReader, end: Callable[[], None]) -> Callable[[], None]:
    """What says the new lines; for two threads."""
    saying = threading.Lock()

    def changed() -> None:
        try:
            with saying:
                for line in reader.more():
                    say(view.safe(line))
        except click.exceptions.Exit:  # nobody reads any more
            end()

    return changed
