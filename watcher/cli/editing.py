"""Options and steps of the commands that change the configuration."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from watcher.cli.context import config_path, places
from watcher.cli.output import Styled, confirm, prompt, say
from watcher.config.editor import Editor
from watcher.config.tags import check_tags, parse_tag
from watcher.model.errors import ConfigError, UsageError
from watcher.model.settings import AfterUpload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.config.setup_plan import Known
    from watcher.i18n.message import Text
    from watcher.model.settings import Item

#: How the lines of a difference begin, and their tones.
_TONES: Final = (("+", "good"), ("-", "bad"), ("@@", "busy"))


def _read_tags(
    ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]
) -> tuple[Item, ...]:
    try:
        return check_tags(map(parse_tag, texts))
    except UsageError as error:
        raise click.BadParameter(str(error), ctx, param) from error


tag_option = click.option(
    "--tag", "tags", multiple=True, callback=_read_tags, metavar="NAME=VALUE",
    help="Add this tag to every file; can be repeated. true, false and numbers keep their type,"
    ' unless they are quoted: zip="75001".',
)  # fmt: skip
after_option = click.option(
    "--after-upload", type=click.Choice([each.value for each in AfterUpload]),
    help="What to do with a file once it is uploaded.",
)  # fmt: skip
check_option = click.option(
    "--check/--no-check", default=True,
    help="Without the check, HrFlow is not contacted, and sources are given by their keys.",
)  # fmt: skip
create_option = click.option(
    "--create/--no-create", default=None, help="Create the folder if it doesn't exist, or don't."
)


def open_editor(ctx: click.Context) -> Editor:
    """Return the configuration, to be changed; ConfigError if it is not TOML."""
    return Editor.open(config_path(ctx), places(ctx).state)


def choose_account(known: Known, given: str | None, *, asks: bool) -> str:
    """Return the name of the account that is meant.

    Of several, the person is asked for one, or UsageError is raised where nobody can be asked.
    """
    names = [account.name for account in known.accounts]
    if given is None and len(names) > 1:
        if asks:
            return str(prompt("Account", type=click.Choice(names), default=names[0]))
        raise UsageError(
            f"There are several accounts ({', '.join(names)}).", "Choose one with --account."
        )
    return given or (names[0] if names else "default")


def choose_known_account(known: Known, given: str | None, *, asks: bool) -> str:
    """Return the name of a configured account; ConfigError or UsageError if there is none."""
    if not known.accounts:
        raise ConfigError("No account is set up yet.", "Set one up with: hrflow-watcher setup")
    name = choose_account(known, given, asks=asks)
    if known.account(name) is None:
        names = ", ".join(account.name for account in known.accounts)
        raise UsageError(
            f'There is no account "{name}" in the configuration, only {names}.',
            "Choose one of them with --account, or add it to the configuration first.",
        )
    return name


def show_difference(editor: Editor, text: str) -> None:
    """Show what would change, line by line."""
    for line in editor.difference(text):
        tone = next((tone for sign, tone in _TONES if line.startswith(sign)), "")
        say(Styled(line, tone) if tone else line)


def warn(warnings: Sequence[Text]) -> None:
    """Show what is allowed but perhaps not meant."""
    for warning in warnings:
        say(Styled(f"! {warning}", "busy"))


def is_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask_to_create(place: str) -> bool:
    """Ask whether to create a folder."""
    return confirm(f"{place} doesn't exist. Create it?", default=True)
