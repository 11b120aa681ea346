"""``service``: starts the program at every login."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from watcher.cli.context import config_path, load_config, places, program_options
from watcher.cli.output import Styled, json_option, say, say_json, when
from watcher.credentials import CREDENTIAL, VARIABLE
from watcher.daemon.channel import read_facts
from watcher.daemon.event_log import find_last_error, last_lines
from watcher.daemon.login_service import LoginService, describe_exit
from watcher.i18n.command import command_name
from watcher.model.errors import ConfigError, UsageError
from watcher.service import Systemd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.daemon.state_folder import Places
    from watcher.model.settings import Config


@click.group("service")
def command() -> None:
    """Start the program automatically when you log in; no administrator rights needed.

    This is a systemd user unit or an autostart entry on Linux, a LaunchAgent on macOS, a task of
    the Task Scheduler on Windows.
    """


@command.command("install")
@click.option(
    "--start/--no-start", default=True, help="Also start it now, or only at the next login."
)
@program_options
def install(ctx: click.Context, start: bool) -> None:
    """Start the program at every login, and now. Can be run again to update the service."""
    install_service(login_service(ctx, load_config(ctx).config), start=start)


@command.command("uninstall")
@program_options
def uninstall(ctx: click.Context) -> None:
    """Stop the program and don't start it at login any more. Settings and history are kept."""
    if login_service(ctx).uninstall():
        say(Styled("✓ No longer starts at login.", "good"))
    else:
        say("Not set to start at login.")


@command.command("start")
@program_options
def start(ctx: click.Context) -> None:
    """Start the program now."""
    service = _installed(ctx)
    if not read_facts(places(ctx)):
        service.start()
    say(Styled(f"✓ {describe_running(read_facts(places(ctx)))}", "good"))


@command.command("stop")
@program_options
def stop(ctx: click.Context) -> None:
    """Stop the program until the next login. Nothing is lost."""
    _installed(ctx).stop()
    say(Styled("✓ Stopped until the next login.", "good"))


@command.command("restart")
@program_options
def restart(ctx: click.Context) -> None:
    """Stop the program and start it again."""
    _installed(ctx).restart()
    say(Styled(f"✓ {describe_running(read_facts(places(ctx)))}", "good"))


@command.command("status")
@json_option
@program_options
def status(ctx: click.Context, as_json: bool) -> None:
    """Show whether it is installed and running, and its last error."""
    facts = gather(login_service(ctx), places(ctx))
    if as_json:
        say_json(facts)
    else:
        _show(facts)


@command.command("logs")
@click.option("-n", "--lines", default=50, show_default=True, type=click.IntRange(0),
              metavar="NUMBER", help="Number of lines to show.")  # fmt: skip
@program_options
def logs(ctx: click.Context, lines: int) -> None:
    """Show the end of the log."""
    for line in last_lines(places(ctx).log, lines):
        say(line)


# -- shared with setup


def login_service(ctx: click.Context, config: Config | None = None) -> LoginService:
    """Return the login service for this configuration, which is read if it is not given."""
    if config is None:
        try:
            config = load_config(ctx).config
        except ConfigError:  # most can be done without it
            config = None
    return LoginService(config_path(ctx), config, places(ctx), os.environ, os.path.expanduser("~"))


def install_service(service: LoginService, *, start: bool) -> None:
    """Install the service, start it if wanted, and say so."""
    runs = True
    if start:
        runs = service.apply()
    else:
        service.install()
    where = f"{service.system.kind}, {service.system.file}"
    now = " It is running now." if start and runs else ""
    say(Styled(f"✓ Starts automatically when you log in ({where}).{now}", "good"))
    if not runs:
        say("hrflow-watcher is already running and was started in another way; the service takes"
            " over at the next login.")  # fmt: skip
    if os.environ.get(VARIABLE):
        say(Styled(f"! {VARIABLE} is set here, but not at login: store the key with"
                   f" {command_name()} login. {_without_keyring(service)}", "busy"))  # fmt: skip


def gather(service: LoginService, where: Places) -> dict[str, Any]:
    """Return everything that ``service status`` says as plain values."""
    installed = service.system.look()
    said = read_facts(where)
    running = bool(said)
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
        "last_error": {"at": error.at, "text": error.text} if error else None,
    }


# -- inside


def _without_keyring(service: LoginService) -> str:
    """How to give a service its key on a computer without a keyring."""
    if isinstance(service.system, Systemd):
        return (
            "Without a keyring, use a systemd credential: write the key to a file that only you can"
            " read, run systemctl --user edit hrflow-watcher, and add the lines [Service] and"
            f" LoadCredential={CREDENTIAL}:/path/of/the/file."
        )
    return f"Without a keyring, set {VARIABLE} in every session."


def _installed(ctx: click.Context) -> LoginService:
    service = login_service(ctx)
    if service.system.look() is None:
        raise UsageError(
            "Not set to start at login.", f"To enable it: {command_name()} service install"
        )
    return service


def describe_running(said: Mapping[str, Any]) -> str:
    """Return a sentence about the running program, from what it says about itself."""
    since = when(said["since"])
    return f"Running since {since} (PID {said['pid']}, version {said['version']})."


def _show(facts: dict[str, Any]) -> None:
    where = f"{facts['kind']}, {facts['file']}"
    if not facts["installed"]:
        say(f"Not set to start at login. To enable it: {command_name()} service install")
    elif not facts["enabled"]:
        say(Styled(f"! Doesn't start at login: switched off ({where}).", "bad"))
    else:
        say(Styled(f"✓ Starts automatically when you log in ({where}).", "good"))
    if facts["installed"] and not facts["current"]:
        say(Styled("! Installed for another version or other folders. Update it with:"
                   f" {command_name()} service install", "busy"))  # fmt: skip
    if facts["running"]:
        say(Styled(f"✓ {describe_running(facts)}", "good"))
    else:
        code = facts["last_exit_code"]
        how = f": {describe_exit(code)}" if isinstance(code, int) and code else ""
        say(Styled(f"! Not running{how}.", "bad"))
    if isinstance(error := facts["last_error"], dict):
        say(Styled(f"! Last error, at {error['at']}: {error['text']}", "busy"))
