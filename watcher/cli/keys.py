"""An account's key: found where it is, and stored in the system's keyring."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final, TypeVar

import click

from watcher.app import orders
from watcher.app.places import is_running
from watcher.cli.output import say, styled
from watcher.credentials import form
from watcher.errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Callable

    from watcher.app.places import Places

_T = TypeVar("_T")
#: Seconds after which a person is told what is waited for, and after which nobody waits any more.
_SILENT_SECONDS: Final = 3.0
_MOST_SECONDS: Final = 120.0


def find_key(account: str) -> tuple[str, str]:
    """The account's key and where it comes from; CredentialError if there is none."""
    from watcher.credentials import Keys  # noqa: PLC0415 - the keyring costs time

    keys = Keys(os.environ)
    return keys.get(account), keys.origin(account)


def check_form(text: str) -> str:
    """The key in what was typed or read; CredentialError if there can be none in it."""
    key = form.clean(text)
    if key != text:
        say("Spaces or line breaks around the key were left away.")
    if not form.looks_right(key):
        said = "This does not look like a key of HrFlow: ask_ or askw_, and 32 digits or letters"
        say(styled(f"! {said} a to f.", "busy"))
    return key


def why_not_kept() -> str:
    """Why this machine keeps no key, as a sentence; "" if it does."""
    from watcher.credentials import SystemKeyring  # noqa: PLC0415 - likewise

    return SystemKeyring().why_not()


def store_key(account: str, key: str, *, allow_insecure: bool = False) -> None:
    """Put the key into the system's keyring; CredentialError if it does not keep it."""
    from watcher.credentials import SystemKeyring  # noqa: PLC0415 - likewise

    keyring = SystemKeyring(allow_insecure=allow_insecure)
    wait_for_keyring(lambda: keyring.write(account, key))


def wait_for_keyring(call: Callable[[], _T]) -> _T:
    """What ``call`` gives, which may wait for a person; CredentialError if nobody comes."""
    future: Future[_T] = Future()
    threading.Thread(target=_settle, args=(future, call), daemon=True).start()
    try:
        return future.result(_SILENT_SECONDS)
    except TimeoutError:
        click.echo("Waiting for the keyring to be unlocked: look for its window.", err=True)
    try:
        return future.result(_MOST_SECONDS)
    except TimeoutError as error:
        raise CredentialError(
            "The keyring is still waiting to be unlocked.", "Unlock it and try again."
        ) from error


def pass_on(where: Places) -> bool:
    """Have the running program look keys up anew; False if none runs."""
    if not is_running(where):
        return False
    orders.leave(where, "resume")
    return True


def _settle(future: Future[_T], call: Callable[[], _T]) -> None:
    try:
        future.set_result(call())
    except Exception as error:  # noqa: BLE001 - raised again where the result is waited for
        future.set_exception(error)
