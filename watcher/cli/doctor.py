"""``doctor``: what keeps files from arriving, and what to do about it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

import click

from watcher.cli.context import config_option, config_path, places, state_option
from watcher.cli.output import json_option, say, say_json, styled
from watcher.doctor import LOOKS, Case, Check, Level, examine, ok, record, with_advice, write_bundle
from watcher.i18n.message import Text, msg
from watcher.model.errors import UnusableError
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.doctor import Finding

_WIDTH: Final = 13


@click.command("doctor")
@json_option
@click.option(
    "--report", metavar="FILE", help="Write a zip file for support, without names and secrets."
)
@config_option
@state_option
@click.pass_context
def command(ctx: click.Context, as_json: bool, report: str | None) -> int:  # noqa: FBT001 - click
    """Look for whatever keeps files from arriving, and say what to do about it.

    A line for each check: ✓ is fine, ! works with limits, ✗ has to be mended, and a dash could not
    be looked at. Nothing is changed and no document is sent; the key is never shown.
    Exit codes: 0 nothing has to be mended, 5 something has, or FILE is there already.
    """
    case = Case(config_path(ctx), places(ctx), os.environ, os.path.expanduser("~"))
    if report is None:
        return _tell(case, [], as_json=as_json)
    found: list[tuple[Check, Finding]] = []
    with _new_file(report) as file:
        code = _tell(case, found, as_json=as_json)
        write_bundle(file, case, found)
    done = ok(
        f"{view.safe(report)} has no names and no secrets in it; look at it before you send it"
    )
    _say(Check("report", msg("Report"), tuple), done, "", as_json=as_json)
    return code


def _tell(case: Case, found: list[tuple[Check, Finding]], *, as_json: bool) -> int:
    """Examine, say each finding as it comes, keep it in ``found``; gives the exit code."""
    code = 0
    for check, finding, advice in with_advice(examine(case)):
        found.append((check, finding))
        _say(check, finding, advice, as_json=as_json)
        if finding.level is Level.ERROR:
            code = UnusableError.exit_code
    return code


def _say(check: Check, finding: Finding, advice: Text, *, as_json: bool) -> None:
    if as_json:
        say_json(record(check, finding))
        return
    look = LOOKS[finding.level]
    mend = f" → {view.safe(advice)}" if advice else ""
    label = f"{check.label!s:<{_WIDTH}}"
    say(styled(f"{look.sign} {label} {view.safe(finding.text)}{mend}", look.tone))


@contextmanager
def _new_file(path: str) -> Iterator[BinaryIO]:
    """A file that was not there before, for its owner alone; gone again if anything fails."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UnusableError(
            f"{view.safe(path)} is there already and is not overwritten.", "Name another file."
        ) from error
    except OSError as error:
        raise UnusableError(
            msg("{path} cannot be written ({error}).", path=view.safe(path), error=error.strerror),
            "Name another file.",
        ) from error
    try:
        with open(descriptor, "wb") as file:
            yield file
    except BaseException:
        os.unlink(path)
        raise
