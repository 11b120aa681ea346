"""The commands. Each is imported only when it is called, so that every one of them starts fast."""

from __future__ import annotations

import errno
import importlib
import json
import os
import sys
from typing import Final

import click

from watcher import __version__
from watcher.cli.output import silence
from watcher.model.errors import ConfigError, WatcherError

#: Command → module below ``watcher.cli`` (and what it is called there, if not ``command``), and a
#: line for ``--help``, in the order they are shown.
_COMMANDS: Final = (
    (
        "try",
        "sandbox:try_out",
        "See how it works, with a local sandbox; nothing leaves this machine.",
    ),
    ("setup", "setup", "Set everything up, step by step; can be run again."),
    ("login", "login:login", "Store an account's API key in the system's keyring."),
    ("logout", "login:logout", "Remove it from there."),
    ("run", "run", "Watch the folders and upload what is dropped there, until Ctrl-C."),
    ("service", "service", "Start it at every login: install, start, stop, status, logs."),
    ("open", "control:open_page", "Show what happens in your browser: the activity page."),
    ("status", "status:status", "What is going on, and what needs attention."),
    ("history", "history", "What became of which file."),
    ("report", "report", "What became of a day's, a week's or a month's files, in numbers."),
    ("check", "check", "What would happen to files, and why; nothing is sent."),
    ("pause", "control:pause", "Start no uploads for a while."),
    ("resume", "control:resume", "End a pause."),
    ("retry", "retry:retry", "Try files again now."),
    ("ignore", "retry:ignore", "Do nothing more about files."),
    ("stop", "control:stop", "End the running program."),
    ("reload", "control:reload", "Have the running program read its configuration again."),
    ("import", "importing", "Upload what is already in a folder, now."),
    ("folder", "folder", "Add, list and remove watched folders."),
    ("forget", "forget", "Remove what is kept here of a file or a person."),
    ("notify", "notify", "Messages on the desktop: snooze, off, on."),
    ("config", "config", "Check and show the configuration."),
    ("doctor", "doctor", "What is wrong with this set-up, and what to do about it."),
    ("sandbox", "sandbox:sandbox", "Run a local HrFlow for testing."),
)


class _Lazy(click.Group):
    """Knows the names and one line of each command; imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [name for name, _, _ in _COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for name, module, _ in _COMMANDS:
            if name == cmd_name:
                place, _, attribute = module.partition(":")
                found = getattr(
                    importlib.import_module(f"watcher.cli.{place}"), attribute or "command"
                )
                assert isinstance(found, click.Command)
                return found
        import difflib  # noqa: PLC0415 - only for a name that is wrong

        near = difflib.get_close_matches(cmd_name, self.list_commands(ctx), 1)
        if near and not ctx.resilient_parsing:
            ctx.fail(f"No such command '{cmd_name}'. Did you mean '{near[0]}'?")
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, _, line in _COMMANDS])


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Each command tells more with: hrflow-watcher COMMAND --help",
)
@click.version_option(__version__, message="%(prog)s %(version)s", prog_name="hrflow-watcher")
@click.option("--config", metavar="FILE", help="Use this configuration.")
@click.option("--state", metavar="FOLDER", help="Keep the journal and the log here.")
@click.pass_context
def cli(ctx: click.Context, config: str | None, state: str | None) -> None:
    """Drop CVs into a folder; each becomes a profile in the right HrFlow source, exactly once.

    \b
    Exit codes:
      0    all is well
      1    something unexpected
      2    wrong arguments, or mistakes in the configuration
      3    the program runs already
      4    no usable API key
      5    a named file or folder cannot be used, or not all files arrived,
           or doctor found something that has to be mended
      6    the journal, or the program's own folder, cannot be used
      7    HrFlow does not answer a command that needs it
      8    the program does not run: so says status, and each command for one that does
      75   another version was installed while run was running: start it again
      130  ended by Ctrl-C
    """  # noqa: D301 - click's sign for "leave these lines as they are"
    ctx.obj = (config, state)


def run_command(arguments: list[str]) -> int:
    """Run a command and give its exit code; errors are said in one sentence."""
    for name in ("stdout", "stderr"):  # closed by whoever called us, or there is no console
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - to the end
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names that the terminal cannot show must not stop us
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(arguments or ["--help"], prog_name="hrflow-watcher", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has had enough
        silence(sys.stdout)
        return 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - a person must not see a traceback
        return _say_error(error, as_json="--json" in arguments)
    return code if isinstance(code, int) else 0


def _say_error(error: BaseException, *, as_json: bool) -> int:
    """Say what a person can do about an error, and give the exit code.

    For machines it is one JSON object on the error stream.
    """
    match error:
        case click.exceptions.Abort() | KeyboardInterrupt():
            return 130
        case click.ClickException():
            error.show()
            return error.exit_code
        case OSError(errno=errno.ENOSPC):
            lines = ["Error: The output cannot be written, as the disk is full.", "Make room."]
            code = WatcherError.exit_code
        case WatcherError():
            lines = [f"Error: {error.title}"]
            if isinstance(error, ConfigError):
                lines += [f"  {mistake}" for mistake in error.mistakes]
            code = error.exit_code
            lines += [str(error.hint)] if error.hint else []
        case _:
            lines = [
                f"Error: Something unexpected happened ({type(error).__name__}: {error}).",
                "Try it again; if it happens again, please report it with what you did.",
            ]
            code = WatcherError.exit_code
    if as_json:
        title, *rest = lines
        said = {"error": title.removeprefix("Error: "), "more": rest, "exit_code": code}
        lines = [json.dumps(said)]
    for line in lines:
        click.echo(line, err=True)
    return code
