"""Which account and which of its sources a command means."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from watcher.cli.editing import warn
from watcher.daemon.setup import UNCHECKED, Workspace, ask_hrflow, find_key, looks_like_key
from watcher.i18n.message import msg
from watcher.model.errors import ConfigError, CredentialError, UsageError

if TYPE_CHECKING:
    from watcher.daemon.setup import Editor

_UNASKED: Final = Workspace(unseen=msg("without an API key"))


def choose_account(editor: Editor, named: str | None) -> str:
    """The name of the account that is meant; UsageError where there are several, or none such."""
    names = [account.name for account in editor.known.accounts]
    if not names:
        raise ConfigError("There is no account yet.", "Set one up with: hrflow-watcher setup")
    if named is None and len(names) == 1:
        return names[0]
    if named not in names:
        title = f'There is no account "{named}".' if named else "There are several accounts."
        raise UsageError(title, f"Name one with --account: {', '.join(names)}.")
    return named


def find_source(editor: Editor, account: str, source: str, *, check: bool) -> tuple[str, str]:
    """(key, name) of the source that a text means, as HrFlow lists it.

    UnusableError if there is none such; CredentialError where asking takes a key that is missing.
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
                f"A source cannot be looked up by its name without a key. {error.title}",
                "Give the source's key instead, which needs no asking: --source KEY (40 digits and"
                f" letters a to f, to be copied from HrFlow). Or: {error.hint}",
            ) from error
        warn([f"It is not known here whether HrFlow has this source. {error.title}"])
        return _UNASKED
    return ask_hrflow(editor.account(account), secret)
