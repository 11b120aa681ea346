"""Who reads an answer: a person in front of the page, or a command.

Commands say everything in English, on every system; the page speaks the person's language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import bottle

from watcher.page.tickets import TOKEN
from watcher.words import words

if TYPE_CHECKING:
    from watcher.words import Word


def is_command() -> bool:
    """Whether the request that is being answered was made by a command."""
    return bool(bottle.request.get_header(TOKEN))


def for_reader(word: Word) -> Word:
    """``word`` for whoever made the request that is being answered; English for commands."""
    in_english = words("en")

    def say(key: str, **values: object) -> str:
        chosen = in_english if is_command() else word
        return chosen(key, **values)

    return say
