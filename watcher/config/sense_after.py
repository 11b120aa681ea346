"""What a type cannot say about what follows an upload: where a webhook listens, what is run."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from watcher.config.english import msg
from watcher.config.lines import Way
from watcher.config.mistakes import Mistakes, shown, unfillable
from watcher.pipeline.follow_up import HOOK_VALUES
from watcher.routing.placeholders import names_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.model.settings import Folder

Check = Callable[[Mapping[str, Any], Mistakes, Way], None]
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\Z")
#: Windows hands these to its command interpreter, which takes parts of a file's name for orders.
_BATCH: Final = (".bat", ".cmd")
_LONGEST_SECONDS: Final = 3600


def check_webhook(values: Mapping[str, Any], mistakes: Mistakes, way: Way) -> None:
    """Note what makes no sense among the values of ``[webhook]``."""
    if not 1 <= values.get("port", 1) <= 65535:
        said = f"{shown(values['port'])} is not within 1 to 65535"
        mistakes.add((*way, "port"), said)
    host = values.get("host", "127.0.0.1")
    if not is_host(host):
        said = msg('{item} is no address like "127.0.0.1" or "0.0.0.0"', item=shown(host))
        mistakes.add((*way, "host"), said)
    elif values.get("enabled") and not is_loopback(host):
        said = msg(
            "{item} can be reached from other machines; only signed events get through, but put something that speaks https in front of it",
            item=shown(host),
        )
        mistakes.warn((*way, "host"), said)


def check_sending(values: Mapping[str, Any], folders: Sequence[Folder], mistakes: Mistakes) -> None:
    """Say so where a webhook is waited for that no folder asks HrFlow to send."""
    wanted = [folder.webhook_parsing_sending for folder in folders]
    wanted += [rule.webhook_parsing_sending is True for each in folders for rule in each.rules]
    if values.get("enabled") and folders and not any(wanted):
        said = msg(
            "no folder asks HrFlow to send it: set webhook_parsing_sending = true in [defaults]"
        )
        mistakes.warn(("webhook", "enabled"), said)


def check_hooks(values: Mapping[str, Any], mistakes: Mistakes, way: Way) -> None:
    """Note what makes no sense among the values of ``[hooks]``."""
    for name in ("parsed", "refused"):
        _check_command(values.get(name, ()), mistakes, (*way, name))
    if not 1 <= values.get("timeout_seconds", 1) <= _LONGEST_SECONDS:
        said = f"{shown(values['timeout_seconds'])} is not within 1 to {_LONGEST_SECONDS} seconds"
        mistakes.add((*way, "timeout_seconds"), said)


def is_host(text: str) -> bool:
    """Whether it is an address or a name that can be listened on."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        only_digits = text.replace(".", "").isdigit()  # an address with a slip
        return bool(_HOST_NAME.match(text)) and not only_digits
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_command(command: Sequence[str], mistakes: Mistakes, way: Way) -> None:
    if not command:
        return
    program = command[0]
    if not program.strip() or names_in(program):
        said = msg("begins with the program to run, which is its name or path and no placeholder")
        mistakes.add((*way, 0), said)
    elif program.lower().endswith(_BATCH):
        said = msg(
            "a batch file is run by a shell, which would take parts of a file's name for orders"
        )
        mistakes.add((*way, 0), msg("{why}; name a program", why=said))
    for number, argument in enumerate(command):
        for name in names_in(argument):
            if name not in HOOK_VALUES:
                said = f"{shown(argument)}: {unfillable(name, HOOK_VALUES)}"
                mistakes.add((*way, number), said)
