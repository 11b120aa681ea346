"""``login`` and ``logout``: an account's API key in the system's keyring, and nowhere else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from watcher.cli.context import channel, load_config, name_sources, program_options
from watcher.cli.editing import (
    ask_email,
    ask_key,
    check_with_hrflow,
    choose_account,
    choose_known_account,
    is_terminal,
    open_editor,
    read_key,
    read_stdin,
    store_key,
    wait_for_keyring,
    warn,
)
from watcher.cli.output import Styled, answers_with_facts, prompt, say
from watcher.credentials import LEDGER, VARIABLE, WEBHOOK, SystemKeyring
from watcher.daemon.instance import SilentError
from watcher.daemon.setup import UNCHECKED
from watcher.model.errors import (
    ConfigError,
    CredentialError,
    NotRunningError,
    UsageError,
)
from watcher.model.settings import DEFAULT_API_URL, for_account

if TYPE_CHECKING:
    from watcher.config.editor import Editor
    from watcher.model.settings import Account

#: Characters; a shorter secret of a webhook could be guessed.
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
@click.option(
    "--email", help="The email of your HrFlow account, if it is not in the configuration."
)
@click.option("--key-stdin", is_flag=True, help="Read the API key from standard input.")
@click.option("--unchecked", is_flag=True, help="Store the key without testing it.")
@click.option(
    "--webhook", is_flag=True, help="Store the webhook's secret instead of an account's key."
)
@click.option("--ledger", is_flag=True, help="Store the shared ledger's password instead of a key.")
@click.option(
    "--api-url", metavar="URL", help="Custom API address, if it is not in the configuration."
)
@click.argument("rest", nargs=-1, metavar="")
@answers_with_facts
@program_options
def login(
    ctx: click.Context,
    account: str | None,
    email: str | None,
    key_stdin: bool,
    unchecked: bool,
    webhook: bool,
    ledger: bool,
    api_url: str | None,
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
    if webhook:
        _store_webhook_secret(ctx, from_stdin=key_stdin)
        return
    if ledger:
        _store_ledger_password(ctx, from_stdin=key_stdin)
        return
    chosen = _find_account(open_editor(ctx), account, email, api_url, may_ask=not key_stdin)
    if key_stdin:
        key = read_key()
        workspace = UNCHECKED if unchecked else check_with_hrflow(chosen, key)
    else:
        key, workspace = ask_key(chosen, check=not unchecked)
    store_key(chosen.name, key, allow_insecure=_allows_insecure(ctx))
    name_sources(ctx, chosen.name, workspace.names)
    facts.update(account=chosen.name, stored=True)
    if os.environ.get(VARIABLE, "").strip() not in ("", key):
        warn([f"The other key, in the environment variable {VARIABLE}, is not used."])
    stored = f"✓ The key{for_account(chosen.name)} is in the system's keyring"
    used = "; the running program uses it from now on" if _renew_keys(ctx) else ""
    say(Styled(f"{stored}{used}.", "good"))


def _read_secret(question: str, *, from_stdin: bool) -> str:
    if from_stdin:
        return read_stdin().strip()
    return str(prompt(question, hide_input=True)).strip()


def _store_ledger_password(ctx: click.Context, *, from_stdin: bool) -> None:
    """Store the shared ledger's password; "ledger status" tests it."""
    password = _read_secret("Password of the shared ledger (not shown)", from_stdin=from_stdin)
    if not password.isprintable() or not password:
        raise CredentialError("This is not a password: it is empty, or has several lines.")
    store_key(LEDGER.entry, password, allow_insecure=_allows_insecure(ctx))
    _renew_keys(ctx)
    say(Styled("✓ The shared ledger's password is in the system's keyring.", "good"))


def _store_webhook_secret(ctx: click.Context, *, from_stdin: bool) -> None:
    """Store the webhook's secret. It cannot be tested before HrFlow's first event."""
    secret = _read_secret("Secret of the webhook (not shown)", from_stdin=from_stdin)
    if len(secret) < _SHORTEST_SECRET or not secret.isprintable():
        raise CredentialError(
            "This is not a webhook's secret: it is too short, or has several lines.",
            "Copy it from the webhook's page in HrFlow.",
        )
    store_key(WEBHOOK.entry, secret, allow_insecure=_allows_insecure(ctx))
    _renew_keys(ctx)
    say(Styled("✓ The webhook's secret is in the system's keyring.", "good"))


def _find_account(
    editor: Editor, given: str | None, email: str | None, api_url: str | None, *, may_ask: bool
) -> Account:
    """Return the account to test the key with; options complete what is configured."""
    known = editor.known
    name = (choose_known_account if known.accounts else choose_account)(known, given, asks=may_ask)
    written = known.account(name)
    if written is not None:
        _refuse_other(name, "email", email, written.email)
        _refuse_other(name, "api_url", api_url, written.api_url or DEFAULT_API_URL)
    if not (email or (written and written.email)):
        if not may_ask:
            raise UsageError(f'The email of account "{name}" is missing.', "Add --email.")
        email = ask_email()
    return editor.account(name, email or "", api_url or "")


def _refuse_other(account: str, what: str, given: str | None, written: str) -> None:
    if given and written and given != written:
        raise UsageError(
            f'In the configuration, the {what} of account "{account}" is {written}, not {given}.',
            f"Omit --{what.replace('_', '-')}, or change the configuration first.",
        )


def _allows_insecure(ctx: click.Context) -> bool:
    try:
        return load_config(ctx).config.allow_insecure_keyring
    except ConfigError:  # it does not exist yet, or has mistakes: then it allows nothing
        return False


# -- logout


@click.command("logout")
@click.option("--account", metavar="NAME", help="The account, if you have several.")
@answers_with_facts
@program_options
def logout(ctx: click.Context, account: str | None, facts: dict[str, object]) -> None:
    """Remove an account's API key from the system's keyring. Harmless if there is none.

    A running program then keeps that account's files waiting until there is a key again.
    """
    name = choose_account(open_editor(ctx).known, account, asks=is_terminal())
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
