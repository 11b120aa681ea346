"""``login``: an account's API key goes into the system's keyring, and nowhere else."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Final

import click

from watcher.cli.context import config_option, load_config, places, state_option
from watcher.cli.output import answers_with_facts, say, styled
from watcher.cli.questions import (
    Questions,
    check_form,
    is_terminal,
    open_editor,
    pass_on,
    store_key,
    wait_for_keyring,
)
from watcher.credentials import VARIABLE, SystemKeyring, keys
from watcher.credentials.keys import WEBHOOK_ENTRY as ENTRY
from watcher.i18n.message import msg
from watcher.model.errors import (
    ConfigError,
    CredentialError,
    OfflineError,
    UnusableError,
    UsageError,
)
from watcher.model.settings import DEFAULT_API_URL
from watcher.present import view

if TYPE_CHECKING:
    from watcher.config.setup import Known
    from watcher.daemon.editing import Editor
    from watcher.model.settings import Account

_MOST_BYTES: Final = 10_000


#: Characters; a shorter one could be guessed.
_SHORTEST_SECRET: Final = 8


_RIGHTS: Final = (("all", "read and write"), ("write", "write"))


@click.command("login")
@click.option("--account", metavar="NAME", help="Its name, if you have several.")
@click.option("--email", help="The email of your HrFlow account, if no configuration says it.")
@click.option("--key-stdin", is_flag=True, help="Read the API key from standard input.")
@click.option("--unchecked", is_flag=True, help="Store the key without trying it.")
@click.option(
    "--webhook", is_flag=True, help="Store the webhook's secret instead of an account's key."
)
@click.option("--api-url", metavar="URL", help="Another address of HrFlow's API, likewise.")
@click.argument("rest", nargs=-1, metavar="")
@config_option
@state_option
@answers_with_facts
@click.pass_context
def login(
    ctx: click.Context,
    account: str | None,
    email: str | None,
    key_stdin: bool,  # noqa: FBT001 - click passes it so
    unchecked: bool,  # noqa: FBT001 - likewise
    webhook: bool,  # noqa: FBT001 - likewise
    api_url: str | None,
    rest: tuple[str, ...],
    facts: dict[str, object],
) -> None:
    """Store an account's API key in the system's keyring, once HrFlow has taken it.

    The key is asked for without being shown, or read from standard input; it is never an
    argument, as others on the machine could see it there. A running program uses it at once.
    """
    if rest:
        raise UsageError(
            "login takes no key as an argument, as others on this machine could see it.",
            "Start it without one and paste the key when asked; if you gave a real one, change it"
            " in HrFlow.",
        )
    if not (key_stdin or is_terminal()):
        raise UsageError("There is no terminal to ask for the key.", "Pass it with --key-stdin.")
    if webhook:
        _store_secret(ctx, from_stdin=key_stdin)
        return
    chosen = _choose(open_editor(ctx), account, email, api_url, may_ask=not key_stdin)
    key = _read_key(from_stdin=key_stdin)
    if not unchecked:
        _try(chosen, key, may_ask=not key_stdin)
    store_key(chosen.name, key, allow_insecure=_allows_insecure(ctx))
    facts.update(account=chosen.name, stored=True)
    if os.environ.get(VARIABLE, "").strip() not in ("", key):
        say(styled(f"! The environment variable {VARIABLE} holds another key, which is not used:"
                   " the keyring comes first.", "busy"))  # fmt: skip
    so = f'✓ The key of account "{view.safe(chosen.name)}" is in the system\'s keyring'
    if pass_on(places(ctx)):
        say(styled(f"{so}; the running program uses it from now on.", "good"))
    else:
        say(styled(f"{so}.", "good"))


def _store_secret(ctx: click.Context, *, from_stdin: bool) -> None:
    """It cannot be tried: HrFlow shows that it is right by its first event."""
    secret = _read_secret(from_stdin=from_stdin)
    store_key(ENTRY, secret, allow_insecure=_allows_insecure(ctx))
    pass_on(places(ctx))
    say(styled("✓ The webhook's secret is in the system's keyring.", "good"))


def _read_secret(*, from_stdin: bool) -> str:
    if from_stdin:
        text = sys.stdin.buffer.read(_MOST_BYTES).decode("utf-8-sig", "replace")
    else:
        text = str(click.prompt("Secret of the webhook (not shown)", hide_input=True))
    secret = text.strip()
    if len(secret) < _SHORTEST_SECRET or not secret.isprintable():
        raise CredentialError(
            "This is no secret of a webhook: it is too short, or not in one line.",
            "Copy it from HrFlow's page of the webhook.",
        )
    return secret


def choose_name(known: Known, given: str | None) -> str:
    """The name of the account that is meant; UsageError if that is not clear."""
    names = [account.name for account in known.accounts]
    if given is None and len(names) > 1:
        raise UsageError(
            f"There are several accounts ({view.safe(', '.join(names))}).",
            "Name one with --account.",
        )
    return given or (names[0] if names else "default")


def _choose(
    editor: Editor, given: str | None, email: str | None, api_url: str | None, *, may_ask: bool
) -> Account:
    """The account to try the key with; the configuration says the rest, if it knows it."""
    name = choose_name(editor.known, given)
    written = editor.known.account(name)
    if written is None and editor.known.accounts:
        names = ", ".join(account.name for account in editor.known.accounts)
        raise UsageError(
            f'The configuration knows no account "{view.safe(name)}"; it knows {view.safe(names)}.',
            "Name one of them with --account, or write it into the configuration first.",
        )
    if written is not None:
        _refuse_other(name, "email", email, written.email)
        _refuse_other(name, "api_url", api_url, written.api_url or DEFAULT_API_URL)
    if not (email or (written and written.email)):
        if not may_ask:
            raise UsageError(
                f'Nothing says the email of account "{view.safe(name)}".', "Say it with --email."
            )
        email = Questions(editor).email(name)
    return editor.account(name, email or "", api_url or "")


def _refuse_other(account: str, what: str, given: str | None, written: str) -> None:
    if given and written and given != written:
        raise UsageError(
            f'The configuration says that the {what} of account "{view.safe(account)}" is'
            f" {view.safe(written)}, and not {view.safe(given)}.",
            f"Leave --{what.replace('_', '-')} away, or change the configuration first.",
        )


def _allows_insecure(ctx: click.Context) -> bool:
    try:
        return load_config(ctx).config.allow_insecure_keyring
    except ConfigError:  # not there yet, or with mistakes: then it allows nothing
        return False


def _read_key(*, from_stdin: bool) -> str:
    if from_stdin:
        read = sys.stdin.buffer.read(_MOST_BYTES).decode("utf-8-sig", "replace")
        text = read.removesuffix("\n").removesuffix("\r")  # which "echo" adds: nothing to tell
    else:
        text = str(click.prompt("API key (not shown while you type)", hide_input=True))
    return check_form(text)


def _try(account: Account, key: str, *, may_ask: bool) -> None:
    """Ask HrFlow about the key; CredentialError or OfflineError if it is not to be stored."""
    from watcher.hrflow.inquiry import Inquiry, RefusedKeyError  # noqa: PLC0415 - takes its time

    try:
        with Inquiry(account, key, time.monotonic) as inquiry:
            access = inquiry.access()
    except RefusedKeyError as error:
        _judge_refusal(account, key, error.server_message)
        return
    except (OfflineError, UnusableError) as error:
        _ask_to_go_on(view.safe(error.title), may_ask=may_ask)
        return
    if access.permission == "read":
        raise CredentialError(keys.READ_ONLY, keys.READ_ONLY_HINT)
    may = dict(_RIGHTS).get(access.permission, "")
    team = f' of team "{view.safe(access.team)}"' if access.team else ""
    say(f"HrFlow takes the key{team}{', which may ' if may else ''}{may}.")


def _judge_refusal(account: Account, key: str, message: str) -> None:
    """A write-only key gets this answer whatever it is worth."""
    if keys.is_write_only(key):
        say("A key that may only write cannot be tried: the first upload shows if it is right.")
        return
    raise CredentialError(
        f"HrFlow does not take this key for {view.safe(account.email)}"
        f" ({view.safe(message)}), so it is not stored.",
        msg("Check the email and the key in HrFlow's settings under API keys."),
    )


def _ask_to_go_on(why: str, *, may_ask: bool) -> None:
    if may_ask:
        say(styled(f"! The key cannot be tried now: {why}", "bad"))
        if click.confirm("Store it all the same?", default=False):
            return
    raise OfflineError(
        f"The key could not be tried, so it is not stored: {why}",
        "Try again later, or store it untried with --unchecked.",
    )


@click.command("logout")
@click.option("--account", metavar="NAME", help="Its name, if you have several.")
@config_option
@state_option
@answers_with_facts
@click.pass_context
def logout(ctx: click.Context, account: str | None, facts: dict[str, object]) -> None:
    """Remove an account's API key from the system's keyring. Harmless if there is none.

    A running program holds its files back from then on, until there is a key again.
    """
    name = choose_name(open_editor(ctx).known, account)
    keyring = SystemKeyring()
    removed = wait_for_keyring(lambda: keyring.remove(name))
    told = pass_on(places(ctx))
    facts.update(account=name, removed=removed)
    whose = f'key of account "{view.safe(name)}"'
    if removed:
        rest = "; the running program looks for another one" if told else ""
        say(styled(f"✓ The {whose} is removed from the system's keyring{rest}.", "good"))
    else:
        say(f"There is no {whose} in the system's keyring, so there is nothing to remove.")
    if os.environ.get(VARIABLE):
        say(f"The environment variable {VARIABLE} is set: the key in it is still used.")
