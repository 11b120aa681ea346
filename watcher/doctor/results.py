"""What follows an upload, where it is wanted: the webhook's secret, and commands of one's own."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

from watcher import view
from watcher.config.sense_after import is_loopback
from watcher.credentials.webhook import read_webhook_secret
from watcher.doctor.case import CONFIG
from watcher.doctor.findings import Check, Finding, error, ok, warning
from watcher.errors import CredentialError
from watcher.webhook import PATH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.doctor.case import Case
    from watcher.settings import Webhook

#: Seconds that a keyring is given.
_KEYRING_SECONDS = 10.0


def checks(case: Case) -> Iterator[Check]:
    """Nothing where neither is wanted."""
    if case.loaded is None:
        return
    config = case.loaded.config
    if config.webhook.enabled:
        yield Check(
            "webhook", "Webhook", partial(_webhook, case, config.webhook), needs=[CONFIG],
            seconds=_KEYRING_SECONDS, late="Unlock the system's keyring.",
        )  # fmt: skip
    for name, command in (("parsed", config.hooks.parsed), ("refused", config.hooks.refused)):
        if command:
            run = partial(judge_command, command[0], shutil.which(command[0]) or "")
            yield Check("hook", f"Command for {name} files", run, name, needs=[CONFIG])


def _webhook(case: Case, webhook: Webhook) -> Finding:
    assert case.loaded is not None
    allow_insecure = case.loaded.config.allow_insecure_keyring
    try:
        secret = read_webhook_secret(
            case.environ, allow_insecure=allow_insecure, keyring=case.keyring
        )
    except CredentialError as failure:
        return error(failure.title, failure.hint)
    case.secrets.append(secret)
    return judge_webhook(webhook)


def judge_webhook(webhook: Webhook) -> Finding:
    """Of a webhook whose secret is at hand."""
    where = f"is received at http://{webhook.host}:{webhook.port}{PATH} while the program runs"
    if is_loopback(webhook.host):
        return ok(where)
    return warning(
        f"{where}, which other machines reach without encryption",
        "Put a proxy that speaks https in front of it, and let it listen on 127.0.0.1.",
    )


def judge_command(program: str, found: str) -> Finding:
    """``found``: where the program is, "" if it is nowhere."""
    if found:
        return ok(f"{view.safe(found)} is run")
    return error(
        f"{view.safe(program)} is no program that can be run",
        "Correct its path in the table [hooks] of the configuration, or the right to execute it.",
    )
