"""How states and texts are shown, the same in the terminal, on the page and in the icon's menu.

Pure: values in, text out. Nothing here knows of colours; a ``tone`` ("good", "busy", "bad" or
"quiet") says what a line means, and the medium decides how that looks.
"""

from __future__ import annotations

import enum
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.i18n.message import Message, msg
from watcher.model.kinds import State
from watcher.model.reasons import is_opened
from watcher.routing.names import document_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.i18n.message import Text
    from watcher.model.entries import Entry


class Group(enum.StrEnum):
    """States that are one to a person who looks for files."""

    ATTENTION = "attention"
    WAITING = "waiting"
    ARRIVED = "arrived"
    ASIDE = "aside"


class Display(Struct, frozen=True):
    """How something is shown."""

    sign: str
    label: Message
    tone: str


class StateDisplay(Display, frozen=True):
    """How a state is shown."""

    group: Group


STATES: Final[Mapping[State, StateDisplay]] = MappingProxyType(
    {
        State.NOTICED: StateDisplay("…", msg("New"), "busy", Group.WAITING),
        State.IGNORED: StateDisplay("·", msg("Ignored"), "quiet", Group.ASIDE),
        State.DUPLICATE: StateDisplay("=", msg("Duplicate"), "quiet", Group.ASIDE),
        State.BASELINE: StateDisplay("·", msg("Already there"), "quiet", Group.ASIDE),
        State.QUEUED: StateDisplay("…", msg("Queued"), "busy", Group.WAITING),
        State.WAITING: StateDisplay("↻", msg("Waiting"), "busy", Group.WAITING),
        State.HELD: StateDisplay("‖", msg("On hold"), "bad", Group.ATTENTION),
        State.UPLOADING: StateDisplay("↑", msg("Uploading"), "busy", Group.WAITING),
        State.UNCERTAIN: StateDisplay("?", msg("Checking"), "busy", Group.WAITING),
        State.ACCEPTED: StateDisplay("✓", msg("Uploaded"), "good", Group.ARRIVED),
        State.PARSED: StateDisplay("✓", msg("Profile created"), "good", Group.ARRIVED),
        State.PARSE_FAILED: StateDisplay("✗", msg("Parsing failed"), "bad", Group.ATTENTION),
        State.REFUSED: StateDisplay("✗", msg("Not accepted"), "bad", Group.ATTENTION),
        State.GONE: StateDisplay("·", msg("Removed"), "quiet", Group.ASIDE),
    }
)


#: A saved email or an archive: what is inside it is uploaded, the file itself is not.
_EXTRACTED: Final = StateDisplay("·", msg("Extracted"), "quiet", Group.ASIDE)


def display(entry: Entry) -> StateDisplay:
    """Return how the state of a file is shown."""
    return _EXTRACTED if is_opened(entry) else STATES[entry.state]


def states_of(group: Group) -> tuple[State, ...]:
    """Return the states of a group."""
    return tuple(state for state, display in STATES.items() if display.group is group)


def count(counts: Mapping[State, int], group: Group) -> int:
    """Return how many files are in a group, given how many are in each state."""
    return sum(counts.get(state, 0) for state in states_of(group))


def numbers(counts: Mapping[State, int], opened: int) -> list[tuple[StateDisplay, int]]:
    """Return how many files there are of each kind that is shown; ``opened`` ones are ignored."""
    found = [(STATES[state], counts.get(state, 0)) for state in STATES if state != State.IGNORED]
    found += [(_EXTRACTED, opened), (STATES[State.IGNORED], counts.get(State.IGNORED, 0) - opened)]
    return [(display, files) for display, files in found if files > 0]


#: Control characters, line and direction marks, and bytes that are not text.
_UNSAFE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def safe(text: Text) -> str:
    """Return ``text`` with everything that could mislead a terminal or a reader written out.

    For the functions that write to a medium; what they are given stays as it is.
    """
    return _UNSAFE.sub(lambda found: _written_out(found[0]), str(text))


def safe_values(value: object) -> object:
    """Return values for JSON with :func:`safe` texts."""
    match value:
        case str():
            return safe(value)
        case dict():
            return {safe_values(name): safe_values(each) for name, each in value.items()}
        case list() | tuple():
            return [safe_values(each) for each in value]
        case _:
            return value


def _written_out(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def short(key: str) -> str:
    """Return the beginning of a key or fingerprint, enough to tell it from others."""
    return key if len(key) <= 16 else f"{key[:12]}…"


def name(entry: Entry) -> str:
    """Return the name of a file, or of the document it stands for, without its folder."""
    return base_name(entry.path)


def base_name(path: str) -> str:
    """Return the last part of a document's path.

    A backslash counts only where there is no slash (Windows).
    """
    path = document_path(path)
    return path.rpartition("/" if "/" in path else "\\")[2]
