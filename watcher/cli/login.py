"""``login`` and ``logout``: an account's API key in the system's keyring, and nowhere else.

How a key is asked for or read, tested and stored is also used by ``setup``.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Final, TypeVar

import click

from watcher.cli.context import channel, name_sources, program_options
from watcher.cli.editing import (
    ask,
    ask_email,
    choose_account,
    choose_configured_account,
    is_terminal,
    open_editor,
    say_problem,
    stored_keys,
    warn,
)
from watcher.cli.output import Styled, answers_with_facts, confirm, prompt, say
from watcher.config.setup_plan import Answers
from watcher.credentials import LEDGER, VARIABLE, WEBHOOK, SystemKeyring, keys
from watcher.daemon.channel import SilentError
from watcher.daemon.threads import on_thread
from watcher.daemon.workspace import UNCHECKED, Workspace, ask_hrflow
from watcher.i18n.command import command_name
from watcher.i18n.message import NOTHING, msg
from watcher.model.errors import (
    CredentialError,
    NotRunningError,
    OfflineError,
    UnusableError,
    UsageError,
)
from watcher.model.settings import for_account

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.config.editor import Editor
    from watcher.credentials.other_secrets import Secret
    from watcher.daemon.setup import StoredKeys
    from watcher.model.settings import Account

_Result = TypeVar("_Result")

#: Bytes of the longest secret that is read from standard input.
_MOST_BYTES: Final = 10_000

#: Seconds after which a person is told that the keyring is waited for, and until it is given up.
_SILENT_SECONDS: Final = 3.0
_MOST_SECONDS: Final = 120.0

#: The fewest characters of a webhook's secret.
_SHORTEST_SECRET: Final = 8


def _renew_keys(ctx: click.Context) -> bool:
    """Have the running program look up its keys again; False if none runs."""
    try:
        channel(ctx).post("/api/keys")
    except (NotRunningError, SilentError):
        return False
    return True


# -- login


@click.command("login")
@click.option("--account", metavar="NAME", help="The account, if you have several.")
@click.option("--key-stdin", is_flag=True, help="Read the API key from standard input.")
@click.option("--no-check", "unchecked", is_flag=True, help="Store the key without testing it.")
@click.option(
    "--webhook", is_flag=True, help="Store the webhook's secret instead of an account's key."
)
@click.option("--ledger", is_flag=True, help="Store the shared ledger's password instead of a key.")
@click.argument("rest", nargs=-1, metavar="")
@answers_with_facts
@program_options
def login(
    ctx: click.Context,
    account: str | None,
    key_stdin: bool,
    unchecked: bool,
    webhook: bool,
    ledger: bool,
    rest: tuple[str, ...],
    facts: dict[str, object],
) -> None:
    """Store an account's API key in the system's keyring, once HrFlow has accepted it.

    You are asked for the key, which is not shown, or it is read from standard input. It can't be an
    argument, because others on this computer could see it. A running program uses it at once.
    """
    if rest:
        raise UsageError(
            "login takes no key as an argument, as others on this computer could see it.",
            "Run it without one and paste the key when asked; if you gave a real one, change it in"
            " HrFlow.",
        )
    if not (key_stdin or is_terminal()):
        raise UsageError("There is no terminal to ask for the key.", "Pass it with --key-stdin.")
    editor = open_editor(ctx)
    stored = stored_keys(editor)
    if webhook or ledger:
        _store_secret(ctx, stored, WEBHOOK if webhook else LEDGER, from_stdin=key_stdin)
        return
    chosen = _find_account(editor, account, may_ask=not key_stdin)
    if key_stdin:
        key = read_key()
        workspace = UNCHECKED if unchecked else check_with_hrflow(chosen, key)
    else:
        key, workspace = ask_key(chosen, stored, check=not unchecked)
    store_key(stored, chosen.name, key)
    name_sources(ctx, chosen.name, workspace.names)
    facts.update(account=chosen.name, stored=True)
    if os.environ.get(VARIABLE, "").strip() not in ("", key):
        warn([f"The other key, in the environment variable {VARIABLE}, is not used."])
    done = f"✓ The key{for_account(chosen.name)} is in the system's keyring"
    used = "; the running program uses it from now on" if _renew_keys(ctx) else ""
    say(Styled(f"{done}{used}.", "good"))


def _store_secret(
    ctx: click.Context, stored: StoredKeys, secret: Secret, *, from_stdin: bool
) -> None:
    """Store a secret that is not an account's key.

    It is not tested here, but by "ledger status" or the first webhook event. A webhook's secret
    must not be so short that it could be guessed.
    """
    what, least = "shared ledger's password", 1
    if secret is WEBHOOK:
        what, least = "webhook's secret", _SHORTEST_SECRET
    text = read_stdin() if from_stdin else prompt(f"The {what} (not shown)", hide_input=True)
    text = text.strip()
    if len(text) < least or not text.isprintable():
        raise CredentialError(f"This can't be the {what}: it is too short, or has several lines.")
    store_key(stored, secret.entry, text)
    _renew_keys(ctx)
    say(Styled(f"✓ The {what} is in the system's keyring.", "good"))


def _find_account(editor: Editor, given: str | None, *, may_ask: bool) -> Account:
    """Return the account to test the key with; asks for its email if that is not configured."""
    configured, email = editor.configured, None
    name = (choose_configured_account if configured.accounts else choose_account)(
        configured, given, asks=may_ask
    )
    written = configured.account(name)
    if not (written and written.email):
        if not may_ask:
            raise UsageError(
                f'The email of account "{name}" is missing.',
                f"Set it with: {command_name()} setup --non-interactive --email EMAIL --key-stdin",
            )
        email = ask_email()
    return editor.account(Answers(name, email))


# -- logout


@click.command("logout")
@click.option("--account", metavar="NAME", help="The account, if you have several.")
@answers_with_facts
@program_options
def logout(ctx: click.Context, account: str | None, facts: dict[str, object]) -> None:
    """Remove an account's API key from the system's keyring. Harmless if there is none.

    A running program then keeps that account's files waiting until there is a key again.
    """
    name = choose_account(open_editor(ctx).configured, account, asks=is_terminal())
    keyring = SystemKeyring()
    removed = wait_for_keyring(lambda: keyring.remove(name))
    running = _renew_keys(ctx)
    facts.update(account=name, removed=removed)
    whose = f"key{for_account(name)}"
    if removed:
        rest = "; the running program looks for another one" if running else ""
        say(Styled(f"✓ The {whose} is removed from the system's keyring{rest}.", "good"))
    else:
        say(f"There is no {whose} in the system's keyring: nothing to remove.")
    if os.environ.get(VARIABLE):
        say(f"The environment variable {VARIABLE} is set: the key in it is still used.")


# -- A key: asked for or read, tested, stored


def ask_key(
    account: Account,
    stored: StoredKeys,
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
            current, origin = stored.find(account.name)
    if why := stored.why_not_stored(account.name):
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
                say_problem(error)
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
        say_problem(error)
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


def store_key(stored: StoredKeys, account: str, key: str) -> None:
    """Put the key into the system's keyring; CredentialError if it cannot be stored."""
    wait_for_keyring(lambda: stored.keyring().write(account, key))


def wait_for_keyring(call: Callable[[], _Result]) -> _Result:
    """Return what ``call`` returns; CredentialError if nobody unlocks the keyring for it."""
    future = on_thread(call, "keyring")
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
