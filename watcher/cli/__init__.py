"""The commands. Each is imported only when it is called, so that all of them start fast.

``_COMMANDS`` says in which module each of them is. They share ``context`` (the configuration, the
running program), ``output``, ``editing`` (changes of the configuration) and ``foreground`` (running
until stopped).
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from typing import Final

import click

from watcher import __version__
from watcher.cli.context import places, program_options
from watcher.cli.output import say, say_json, silence, write
from watcher.i18n.command import command_name
from watcher.model.errors import ConfigError, WatcherError

_REPORT: Final = "Try again; if it happens again, please report it and say what you did."
#: Command, where it is below ``watcher.cli``, and its line in ``--help``, in the order shown.
_COMMANDS: Final = (
    ("try", "sandbox:try_out", "Try it with a local sandbox; nothing leaves this computer."),
    ("setup", "setup:command", "Set everything up, step by step."),
    ("login", "login:login", "Store an account's API key in the system's keyring."),
    ("logout", "login:logout", "Remove an account's API key from the keyring."),
    ("run", "run:command", "Watch the folders and upload what is dropped there, until Ctrl-C."),
    ("service", "service:command", "Start automatically at login: install, start, stop, logs."),
    ("open", "orders:open_page", "Open the activity page in your browser."),
    ("status", "status:status", "Show the current status and what needs attention."),
    ("history", "history:history", "Show what happened to each file."),
    ("report", "history:report", "Count the files of a day, a week or a month."),
    ("check", "check:check", "Show what would happen to files, and why; nothing is sent."),
    ("pause", "orders:pause", "Pause uploads."),
    ("resume", "orders:resume", "Resume uploads."),
    ("approve", "orders:approve", "Upload files that are waiting for your approval."),
    ("retry", "orders:retry", "Try to upload files again."),
    ("ignore", "orders:ignore", "Ignore files: stop trying to upload them."),
    ("stop", "orders:stop", "Stop the running program."),
    ("reload", "orders:reload", "Make the running program read its configuration again."),
    ("import", "importing:command", "Upload what is already in a folder."),
    ("send", "sending:command", "Put copies of files into a watched folder."),
    ("folder", "folder:command", "Add, list and remove watched folders."),
    ("forget", "forget:command", "Erase what is stored here about files or a person."),
    ("notify", "orders:notify", "Snooze desktop notifications, or switch them off and on."),
    ("config", "check:config", "Check and show the configuration."),
    ("doctor", "doctor:command", "Check the setup and say how to fix what is wrong."),
    ("ledger", "ledger:ledger", "Set up and show the ledger that several computers share."),
    ("sandbox", "sandbox:sandbox", "Run a local HrFlow for testing."),
)


class _Lazy(click.Group):
    """Knows the names of all commands; imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [name for name, _, _ in _COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for name, module, _ in _COMMANDS:
            if name == cmd_name:
                place, _, attribute = module.partition(":")
                found = getattr(importlib.import_module(f"watcher.cli.{place}"), attribute)
                assert isinstance(found, click.Command)
                return found
        import difflib  # noqa: PLC0415 - only for a name that is wrong

        near = difflib.get_close_matches(cmd_name, self.list_commands(ctx), 1)
        if near and not ctx.resilient_parsing:
            ctx.fail(f"No such command {cmd_name!r}. Did you mean {near[0]!r}?")
        return None

    def invoke(self, ctx: click.Context) -> object:
        """Log the traceback of what no command expects, and show where it is."""
        try:
            return super().invoke(ctx)
        except (WatcherError, click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except OSError as error:
            if isinstance(error, BrokenPipeError) or error.errno == errno.ENOSPC:
                raise
            raise _logged(ctx, error) from error
        except Exception as error:
            raise _logged(ctx, error) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, _, line in _COMMANDS])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_paragraph()
        formatter.write_text(f"For help on a command: {ctx.command_path} COMMAND --help")


def _logged(ctx: click.Context, error: Exception) -> WatcherError:
    """Log an unexpected error; return the one to show."""
    import logging  # noqa: PLC0415 - only where it is needed

    from watcher.cli.foreground import log_to  # noqa: PLC0415 - likewise

    where = places(ctx)
    try:
        with log_to(where, "info"):
            logging.getLogger(__name__).error("%s failed", ctx.command_path, exc_info=error)
    except WatcherError as unusable:  # so the details are nowhere
        return WatcherError(f"Something unexpected happened. {unusable.title}", unusable.hint)
    return WatcherError(f"Something unexpected happened; the details are in {where.log}.", _REPORT)


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="%(prog)s %(version)s", prog_name="hrflow-watcher")
@program_options
def cli(_: click.Context) -> None:
    """Drop CVs into a folder; each becomes a profile in the right HrFlow source, exactly once.

    \b
    Exit codes:
      0    success
      1    unexpected error
      2    wrong arguments, or mistakes in the configuration
      3    the program is already running
      4    no usable API key
      5    a file or folder can't be used, or not all files were uploaded
           or copied, or doctor found something that must be fixed
      6    the history, or the program's own folder, can't be used
      7    HrFlow doesn't answer
      8    the program is not running
      9    the shared ledger can't be reached, or can't be used
      75   another version was installed while run was running: start it again
      130  stopped by Ctrl-C
    """  # noqa: D301 - click's sign for "leave these lines as they are"


def run_command(arguments: list[str]) -> int:
    """Run a command and return its exit code; errors are shown in one sentence."""
    for name in ("stdout", "stderr"):  # closed by the caller, or there is no console
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - to the end
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names that the terminal cannot show must not stop us
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(
            arguments or ["--help"],
            prog_name=command_name(),
            complete_var="_HRFLOW_WATCHER_COMPLETE",
            standalone_mode=False,
        )
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has closed the pipe
        silence(sys.stdout)
        return 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - a person must not see a traceback
        return _say_error(error, as_json="--json" in arguments)
    return code if isinstance(code, int) else 0


def _say_error(error: BaseException, *, as_json: bool) -> int:
    """Show an error and what to do about it on standard error, for scripts as one JSON object.

    Returns the exit code.
    """
    match error:
        case click.exceptions.Abort() | KeyboardInterrupt():
            return 130
        case click.ClickException() if error.format_message().startswith("Usage: "):
            write(error.format_message(), err=True)  # a group of commands without one of them
            return error.exit_code
        case click.ClickException():
            if isinstance(error, click.UsageError) and error.ctx and not as_json:
                write(error.ctx.get_usage(), err=True)
                say(f"Try '{error.ctx.command_path} --help' for help.", err=True)
            lines = f"Error: {error.format_message()}".expandtabs(4).splitlines()
            code = error.exit_code
        case OSError(errno=errno.ENOSPC):
            lines = ["Error: The output can't be written because the disk is full."]
            code = WatcherError.exit_code
        case WatcherError():
            lines = [f"Error: {error.title}"]
            if isinstance(error, ConfigError):
                lines += [f"  {mistake}" for mistake in error.mistakes]
            code = error.exit_code
            lines += [str(error.hint)] if error.hint else []
        case _:
            lines = ["Error: Something unexpected happened.", _REPORT]
            code = WatcherError.exit_code
    if as_json:
        title, *rest = lines
        error_facts = {"error": title.removeprefix("Error: "), "more": rest, "exit_code": code}
        say_json(error_facts, err=True)
        return code
    for line in lines:
        say(line, err=True)
    return code
