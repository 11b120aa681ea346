"""A look into the keyring by a process of its own, which ends when it has answered.

The keyring's libraries take 9 MB, and a program that runs for weeks needs them for a moment. What
a locked keyring asks a person is not for here. The key comes through a pipe, and the process ends
when whoever started it does.
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
#: -P: what lies in the directory in which the program was started is not to be run.
_COMMAND: Final = ("-P", "-m", "watcher.credentials.apart")


def look_apart(account: str, *, allow_insecure: bool) -> str | None:
    """Return the account's key, "" if the keyring has none; None if it is locked or nobody answers.

    CredentialError as ``SystemKeyring.read`` raises it. ``allow_insecure`` is as there.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, *_COMMAND], bufsize=0,  # what cannot be written is not kept for later
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )  # fmt: skip
    except OSError as error:
        _log.info("the keyring is asked from here: %s", error)
        return None
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps([account, allow_insecure]).encode() + b"\n")
            said = json.loads(process.stdout.readline())
        except (OSError, ValueError):  # it ended without an answer
            said = None
    if not isinstance(said, dict) or not {"key", "title"} & said.keys():
        _log.info("the keyring is asked from here, as the process for it has failed")
        return None
    if "title" in said:
        raise CredentialError(from_json(said["title"]), from_json(said["hint"]))
    key: str | None = said["key"]
    return key


def main() -> None:
    """Read what is asked, a line of JSON, and answer with one."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries write what they like to the other one
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
    while os.read(sys.stdin.fileno(), 4096):  # past Python's buffer, which would be locked by it
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
    os._exit(0)  # threads of libraries do not keep it
