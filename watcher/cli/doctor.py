"""``doctor``: checks the setup and says how to fix what it finds."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

import click

from watcher.cli.context import config_path, places, program_options
from watcher.cli.output import Styled, json_option, say, say_json
from watcher.doctor import (
    LEVELS,
    Case,
    Check,
    Level,
    examine,
    ok,
    record,
    with_advice,
    write_bundle,
)
from watcher.i18n.message import Text, msg
from watcher.model.errors import UnusableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.doctor import Finding
    from watcher.present.view import Display

#: Columns of a label; only those of hooks are longer.
_WIDTH: Final = 15


@click.command("doctor")
@json_option
@click.option(
    "--report", metavar="FILE", help="Write a zip file for support, without names or secrets."
)
@program_options
def command(ctx: click.Context, as_json: bool, report: str | None) -> int:
    """Check the whole setup, and say how to fix what is wrong.

    There is a line for each check: ✓ fine, ! works with limits, ✗ must be fixed, and a dash if it
    was not checked. Nothing is changed, no document is sent, and the key is never shown.

    Exit codes: 0 nothing needs fixing, 5 something must be fixed, or FILE already exists.
    """
    home = os.path.expanduser("~")
    with closing(Case(config_path(ctx), places(ctx), os.environ, home)) as case:
        if report is None:
            return _examine(case, [], as_json=as_json)
        found: list[tuple[Check, Finding]] = []
        with _new_file(report) as file:
            code = _examine(case, found, as_json=as_json)
            write_bundle(file, case, found)
    done = ok(f"{report} contains no names or secrets; look at it before you send it.")
    _show(Check("report", msg("Report"), tuple), done, "", as_json=as_json)
    return code


def _examine(case: Case, found: list[tuple[Check, Finding]], *, as_json: bool) -> int:
    """Run all checks; show and collect each finding as it comes. Returns the exit code.

    For people, what was not checked comes at the end, by what stopped it.
    """
    code = 0
    skipped: dict[str, list[str]] = {}
    for check, finding, advice in with_advice(examine(case)):
        found.append((check, finding))
        if finding.level is Level.SKIPPED and finding.stops and not as_json:
            labels = skipped.setdefault(str(finding.stops), [])
            if str(check.label) not in labels:
                labels.append(str(check.label))
            continue
        _show(check, finding, advice, as_json=as_json)
        if finding.level is Level.ERROR:
            code = UnusableError.exit_code
    for why, labels in skipped.items():
        _say_line(LEVELS[Level.SKIPPED], "Not checked", f"{', '.join(labels)}: {why}.")
    return code


def _show(check: Check, finding: Finding, advice: Text, *, as_json: bool) -> None:
    if as_json:
        say_json(record(check, finding))
        return
    fix = f" → {advice}" if advice else ""
    _say_line(LEVELS[finding.level], str(check.label), f"{finding.text}{fix}")


def _say_line(display: Display, label: str, text: str) -> None:
    say(Styled(f"{display.sign} {label:<{_WIDTH}} {text}", display.tone), hang=_WIDTH + 3)


@contextmanager
def _new_file(path: str) -> Iterator[BinaryIO]:
    """Create a file for its owner only; UnusableError if it exists. It is removed on failure."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UnusableError(
            f"{path} already exists and is not overwritten.", "Choose another file."
        ) from error
    except OSError as error:
        raise UnusableError(
            msg("{path} can't be written ({error}).", path=path, error=error.strerror),
            "Choose another file.",
        ) from error
    try:
        with open(descriptor, "wb") as file:
            yield file
    except BaseException:
        os.unlink(path)
        raise
