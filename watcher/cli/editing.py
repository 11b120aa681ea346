"""Options, steps and questions of the commands that change the configuration."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, TypeVar

import click

from watcher.cli.context import config_path, places
from watcher.cli.output import Styled, confirm, prompt, say, say_table, shown_path
from watcher.config.editor import Editor
from watcher.config.setup_plan import Answers, check_email
from watcher.config.tags import check_tags, parse_tag
from watcher.daemon.setup import StoredKeys
from watcher.daemon.workspace import UNCHECKED, Workspace, ask_hrflow, looks_like_key
from watcher.i18n.command import command_name
from watcher.i18n.message import msg
from watcher.model.errors import (
    ConfigError,
    CredentialError,
    UsageError,
    WatcherError,
)
from watcher.model.settings import AfterUpload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from watcher.config.setup_plan import Configured
    from watcher.i18n.message import Text
    from watcher.model.settings import Item

_Result = TypeVar("_Result")

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


def stored_keys(editor: Editor) -> StoredKeys:
    """Return where keys are, by the configuration as it is."""
    return StoredKeys(os.environ, editor.configured.allows_insecure_keyring)


def choose_account(configured: Configured, given: str | None, *, asks: bool) -> str:
    """Return the name of the account that is meant.

    Of several, the person is asked for one, or UsageError is raised where nobody can be asked.
    """
    names = [account.name for account in configured.accounts]
    if given is None and len(names) > 1:
        if asks:
            return str(prompt("Account", type=click.Choice(names), default=names[0]))
        raise UsageError(
            f"There are several accounts ({', '.join(names)}).", "Choose one with --account."
        )
    return given or (names[0] if names else "default")


def choose_configured_account(configured: Configured, given: str | None, *, asks: bool) -> str:
    """Return the name of a configured account; ConfigError or UsageError if there is none."""
    if not configured.accounts:
        raise ConfigError("No account is set up yet.", f"Set one up with: {command_name()} setup")
    name = choose_account(configured, given, asks=asks)
    if configured.account(name) is None:
        names = ", ".join(account.name for account in configured.accounts)
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
    return confirm(f"{shown_path(place)} doesn't exist. Create it?", default=True)


def find_source(editor: Editor, account: str, source: str, *, check: bool) -> tuple[str, str]:
    """Return the key and name of the source that a text means, asking HrFlow if ``check``.

    Raises UnusableError if there is no such source, CredentialError if a missing key is needed.
    """
    workspace = _workspace(editor, account, source, check=check)
    key, name = workspace.find(source)
    if warning := workspace.warning(key):
        warn([str(warning)])
    return key, name


def _workspace(editor: Editor, account: str, source: str, *, check: bool) -> Workspace:
    if not check:
        return UNCHECKED
    try:
        secret, _ = stored_keys(editor).find(account)
    except CredentialError as error:
        if not looks_like_key(source):
            raise CredentialError(
                f"A source can't be looked up by its name without an API key. {error.title}",
                "Use the source's own key instead: --source KEY (40 digits and letters a to f,"
                f" copied from HrFlow). {error.hint}",
            ) from error
        warn([f"Can't check that HrFlow has this source. {error.title}"])
        return Workspace(unseen=msg("without an API key"))
    return ask_hrflow(editor.account(Answers(account)), secret)


# -- Questions


def ask(
    question: str,
    check: Callable[[str], _Result],
    default: str = "",
    *,
    optional: bool = False,
    hidden: bool = False,
) -> _Result:
    """Ask until ``check`` accepts what is typed, and return what it makes of it.

    Enter alone gives ``default``, or "" if the answer is ``optional``. click's Abort on Ctrl-C.
    """
    while True:
        typed = prompt(
            question,
            default=default,
            show_default=bool(default),
            hide_input=hidden,
        )
        if not (typed.strip() or optional):
            say(Styled("This can't be left empty.", "bad"))
            continue
        try:
            return check(typed if hidden else typed.strip())
        except WatcherError as error:
            say_problem(error)


def ask_email(default: str = "") -> str:
    """Ask for the account's email."""
    return ask("Email of your HrFlow account", check_email, default)


def show_sources(workspace: Workspace) -> None:
    """Show the sources as a numbered table."""
    rows = [
        (str(number), f"{each.name} ({each.note})" if each.note else each.name, each.key)
        for number, each in enumerate(workspace.sources, 1)
    ]
    if rows:
        say_table(["No.", "Source", "Key"], rows)


def say_problem(error: WatcherError) -> None:
    """Show what is wrong with an answer."""
    say(Styled(str(error), "bad"))
