"""Mistakes of a configuration are English sentences, made from the texts of messages."""

from __future__ import annotations

from watcher.i18n import message


def msg(text: str, /, **args: object) -> str:
    """The English of a message; ``text`` stands there literally, as in ``watcher.i18n.message``."""
    return str(message.msg(text, **args))
