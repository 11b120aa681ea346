"""Reads the keyring in another process, which ends once it has answered.

The keyring's libraries take 9 MB, which a program that runs for weeks needs only for a moment. A
locked keyring is not read here, as it would ask the person for a password. The key is sent through
a pipe, and the process ends when its parent does.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from typing import Final

from watcher.i18n.message import as_json, as_message, from_json
from watcher.model.errors import CredentialError

_log = logging.getLogger(__name__)
#: -P, so that no module in the current directory is imported.
_COMMAND: Final = ("-P", "-m", "watcher.credentials.keyring_process")


def read_in_subprocess(account: str, *, allow_insecure: bool) -> str | None:
    """Return the account's key, "" if the keyring has none; None if it is locked or silent.

    ``allow_insecure`` and CredentialError are those of ``SystemKeyring``.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - this program
            [sys.executable, *_COMMAND], bufsize=0,  # so that closing it flushes nothing
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )  # fmt: skip
    except OSError as error:
        _log.info("the keyring is read in this process: %s", error)
        return None
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps([account, allow_insecure]).encode() + b"\n")
            answer = json.loads(process.stdout.readline())
        except (OSError, ValueError):  # it ended without an answer
            answer = None
    if not isinstance(answer, dict) or not {"key", "title"} & answer.keys():
        _log.info("the keyring is read in this process, as the one for it has failed")
        return None
    if "title" in answer:
        raise CredentialError(from_json(answer["title"]), from_json(answer["hint"]))
    key: str | None = answer["key"]
    return key


def main() -> None:
    """Read (account, allow_insecure) as a line of JSON and answer with another."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries may write to standard output
    account, allow_insecure = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    output.write(json.dumps(_answer(account, allow_insecure=allow_insecure)) + "\n")
    output.flush()


def _answer(account: str, *, allow_insecure: bool) -> dict[str, str | None]:
    from watcher.credentials.keyring import LockedError, SystemKeyring  # noqa: PLC0415

    keyring = SystemKeyring(allow_insecure=allow_insecure)
    try:
        return {"key": None if keyring.is_locked() else keyring.read(account)}
    except LockedError:
        return {"key": None}
    except CredentialError as error:
        return {
            name: as_json(as_message(each))
            for name, each in (("title", error.title), ("hint", error.hint))
        }


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 4096):  # not through Python's buffer, which would stay locked
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
    os._exit(0)  # does not wait for threads of libraries
