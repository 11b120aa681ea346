"""Options, steps and questions of the commands that change the configuration or its keys."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, TypeVar

import click

from watcher.cli.context import config_path, places
from watcher.cli.output import Styled, confirm, prompt, say, say_table, shown_folder
from watcher.config.editor import Editor
from watcher.config.setup_plan import check_email
from watcher.config.tags import check_tags, parse_tag
from watcher.credentials import SystemKeyring, keys
from watcher.daemon.setup import (
    UNCHECKED,
    Workspace,
    ask_hrflow,
    find_key,
    looks_like_key,
    why_not_stored,
)
from watcher.i18n.command import command_name
from watcher.i18n.message import NOTHING, msg
from watcher.model.errors import (
    ConfigError,
    CredentialError,
    OfflineError,
    UnusableError,
    UsageError,
    WatcherError,
)
from watcher.model.settings import AfterUpload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from watcher.config.setup_plan import Known
    from watcher.i18n.message import Text
    from watcher.model.settings import Account, Item

#: Bytes of the longest secret that is read from standard input.
_MOST_BYTES: Final = 10_000

#: Seconds after which a person is told that the keyring is waited for, and until it is given up.
_SILENT_SECONDS: Final = 3.0
_MOST_SECONDS: Final = 120.0

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
        raise ConfigError("No account is set up yet.", f"Set one up with: {command_name()} setup")
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
    return confirm(f"{shown_folder(place)} doesn't exist. Create it?", default=True)


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
        secret = find_key(account, os.environ)[0]
    except CredentialError as error:
        if not looks_like_key(source):
            raise CredentialError(
                f"A source can't be looked up by its name without an API key. {error.title}",
                "Use the source's own key instead: --source KEY (40 digits and letters a to f,"
                f" copied from HrFlow). {error.hint}",
            ) from error
        warn([f"Can't check that HrFlow has this source. {error.title}"])
        return Workspace(unseen=msg("without an API key"))
    return ask_hrflow(editor.account(account), secret)


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
            _say_problem(error)


def ask_email(default: str = "") -> str:
    """Ask for the account's email."""
    return ask("Email of your HrFlow account", check_email, default)


def ask_key(
    account: Account,
    *,
    check: bool,
    may_keep: bool = False,
    correct: Callable[[], Account] | None = None,
) -> tuple[str, Workspace]:
    """Ask for a key until HrFlow accepts it; returns what HrFlow said too.

    A key that cannot be tested is accepted if the person insists.

    ``may_keep``: Enter keeps the current key, if there is one; then the answer is "".
    ``correct`` asks for the rest of the account, which may be wrong if HrFlow rejects a key.
    """
    current, origin = "", NOTHING
    if may_keep:
        with contextlib.suppress(CredentialError):
            current, origin = find_key(account.name, os.environ)
    if why := why_not_stored(account.name, os.environ):
        warn([why])
    hint = f"; press Enter to keep the one from {origin}" if current else ""
    while True:
        typed = ask(
            f"API key from HrFlow, Settings > API keys (not shown while you type{hint})",
            lambda text: check_key(text) if text.strip() or not current else "",
            optional=bool(current), hidden=True,
        )  # fmt: skip
        if check:
            try:
                workspace = _try_key(account, typed or current)
            except CredentialError as error:
                _say_problem(error)
                if correct and error.field != "key":
                    account = correct()
                continue
        elif not typed or keys.looks_right(typed) or confirm("Use it anyway?"):
            workspace = UNCHECKED
        else:
            continue
        if workspace is not None:
            return typed, workspace


def _try_key(account: Account, key: str) -> Workspace | None:
    """Return what HrFlow says, None to ask for the key again; CredentialError if it rejects it."""
    try:
        return check_with_hrflow(account, key)
    except (OfflineError, UnusableError) as error:
        _say_problem(error)
    insists = confirm("Continue without testing the key?")
    return Workspace(unseen=msg("while HrFlow doesn't answer")) if insists else None


def check_with_hrflow(account: Account, key: str) -> Workspace:
    """Ask HrFlow about the key; the errors are those of ``ask_hrflow``."""
    workspace = ask_hrflow(account, key)
    if workspace.unseen:
        say("A write-only key can't be tested: the first upload shows whether it works.")
    else:
        team = f' (workspace "{workspace.team}")' if workspace.team else ""
        say(Styled(f"✓ Key accepted{team}", "good"))
    return workspace


def show_sources(workspace: Workspace) -> None:
    """Show the sources as a numbered table."""
    rows = [
        (str(number), f"{each.name} ({each.note})" if each.note else each.name, each.key)
        for number, each in enumerate(workspace.sources, 1)
    ]
    if rows:
        say_table(["No.", "Source", "Key"], rows)


def _say_problem(error: WatcherError) -> None:
    say(Styled(str(error), "bad"))


def read_key() -> str:
    """Read the key from standard input; CredentialError if it cannot be one."""
    text = read_stdin()
    if not text.strip():
        raise CredentialError(
            "There is no API key on standard input.", "Write it there, on one line."
        )
    return check_key(text.removesuffix("\n").removesuffix("\r"))


def read_stdin() -> str:
    """Read a secret from standard input."""
    # PowerShell may put a byte order mark in front of it.
    return sys.stdin.buffer.read(_MOST_BYTES).decode("utf-8-sig", "replace")


def check_key(text: str) -> str:
    """Return the key in what was typed or read; CredentialError if it cannot be one."""
    key = keys.clean(text)
    if key != text:
        say("Removed spaces or line breaks around the key.")
    if not keys.looks_right(key):
        warn(["This doesn't look like an API key: ask_ or askw_ and 32 hexadecimal digits."])
    return key


# -- The keyring


def store_key(account: str, key: str, *, allow_insecure: bool = False) -> None:
    """Put the key into the system's keyring; CredentialError if it cannot be stored."""
    keyring = SystemKeyring(allow_insecure=allow_insecure)
    wait_for_keyring(lambda: keyring.write(account, key))


def wait_for_keyring(call: Callable[[], _Result]) -> _Result:
    """Return what ``call`` returns; CredentialError if nobody unlocks the keyring for it."""
    future: Future[_Result] = Future()

    def settle() -> None:
        try:
            future.set_result(call())
        except Exception as error:  # noqa: BLE001 - raised again where the result is waited for
            future.set_exception(error)

    threading.Thread(target=settle, daemon=True).start()
    try:
        return future.result(_SILENT_SECONDS)
    except TimeoutError:
        say("Waiting for the keyring to be unlocked: look for its window.", err=True)
    try:
        return future.result(_MOST_SECONDS)
    except TimeoutError as error:
        raise CredentialError(
            "The keyring is still waiting to be unlocked.", msg("Unlock it and try again.")
        ) from error
