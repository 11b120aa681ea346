"""Collects what is wrong with a configuration, and words for it that give no secret away."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from watcher.i18n.message import NOTHING, Message, as_message, msg
from watcher.routing.patterns import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watcher.i18n.message import Text, Value

#: What HrFlow's keys look like.
SECRET: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:(?i:ask[rw]?)_[0-9a-fA-F]{8,}|ask[rw]?_(?=[A-Za-z]*[0-9])[0-9A-Za-z]{12,})"
    r"[0-9A-Za-z]*"
)
_USER_OF_URL = re.compile(r"//[^/\s@]*@")
_LONGEST_SHOWN: Final = 60


#: A key's path from the top: names of tables, and numbers (from 0) in arrays.
KeyPath = tuple[str | int, ...]


class Location(Struct, frozen=True):
    """Where a key stands: its file, its path from the top of that, and its line.

    ``line`` is that of the nearest thing around it where the key itself is not written, and 0 where
    nothing is. ``is_machine``: the file is the system-wide configuration.
    """

    file: str
    key_path: KeyPath = ()
    line: int = 0
    is_machine: bool = False

    def __truediv__(self, key: str | int) -> Location:
        return replace(self, key_path=(*self.key_path, key))

    @property
    def name(self) -> str:
        """For people, counting from 1: ``folders[2].after_upload``."""
        text = ""
        for part in self.key_path:
            text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
        return text

    def __str__(self) -> str:
        """The file and the line."""
        return f"{self.file}:{self.line}" if self.line else self.file


class _Note(NamedTuple):
    """Sorted by file, the machine's first, and line."""

    is_own: bool
    line: int
    text: Message
    is_missing: bool


class Mistakes:
    """Everything that is wrong, or perhaps not meant, each with its place."""

    def __init__(self) -> None:
        self._mistakes: list[_Note] = []
        self._warnings: list[_Note] = []
        self._absent: list[_Note] = []
        self._is_cut = False

    @property
    def texts(self) -> tuple[Message, ...]:
        """All mistakes, each once, in the order of the files; the system-wide one comes first."""
        return _in_order(self._mistakes)

    @property
    def warnings(self) -> tuple[Message, ...]:
        """All warnings, likewise."""
        return _in_order(self._warnings)

    @property
    def absent(self) -> tuple[Message, ...]:
        """What does not exist yet, likewise."""
        return _in_order(self._absent)

    @property
    def is_unfinished(self) -> bool:
        """Whether nothing is wrong but that something has not been written yet."""
        return all(note.is_missing for note in self._mistakes)

    @property
    def is_own(self) -> bool:
        """Whether something is wrong in the person's own file, not counting what is missing."""
        return any(note.is_own and not note.is_missing for note in self._mistakes)

    def add(self, location: Location, text: Text, *, is_missing: bool = False) -> None:
        """Note a mistake, if ``text`` is one; ``is_missing``: something is not written yet."""
        if text and not (is_missing and self._is_cut):
            self._mistakes.append(_note(location, text, is_missing=is_missing))

    def cut(self, location: Location, text: Text) -> None:
        """Note a mistake that the caller removes, so that it is not reported as missing as well."""
        self.add(location, text)
        self._is_cut = True

    def warn(self, location: Location, text: Text) -> Message:
        """Note something that is allowed, and perhaps not meant; return the whole sentence."""
        self._warnings.append(_note(location, text))
        return self._warnings[-1].text

    def note_absent(self, location: Location, text: Text) -> None:
        """Note something that does not exist yet, which most places show apart from mistakes."""
        self._absent.append(_note(location, text))

    def absorb(self, other: Mistakes) -> None:
        """Take over the mistakes, not the warnings, that were found in a part of the files."""
        self._mistakes += other._mistakes


def at_place(place: str, said: Text) -> Message:
    """Return a mistake with the file and the line it is on."""
    return msg("{place}: {said}", place=place, said=said)


def at_key(key: str, said: Text) -> Message:
    """Return a mistake with the setting that it is about."""
    return msg("{key}: {said}", key=key, said=as_message(said))


def without_key(said: Message) -> Message:
    """Return what :func:`at_key` was given; any other message as it is."""
    inner = said.args.get("said") if said.text == at_key("", "").text else None
    return inner if isinstance(inner, Message) else said


def _note(location: Location, text: Text, *, is_missing: bool = False) -> _Note:
    said = redacted(at_key(location.name, text) if location.key_path else text)
    return _Note(not location.is_machine, location.line, at_place(str(location), said), is_missing)


def _in_order(notes: list[_Note]) -> tuple[Message, ...]:
    return tuple(dict.fromkeys(each.text for each in sorted(notes, key=lambda note: note[:2])))


# -- words for mistakes


def redact(text: str) -> str:
    """Return ``text`` on one line, without API keys, and users and passwords in addresses."""
    return harmless(_USER_OF_URL.sub("//…@", SECRET.sub("…", text)))


def redacted(said: Text) -> Message:
    """Return a message whose arguments are redacted, and those of the messages in it."""
    said = as_message(said)
    args = {name: _redacted(value) for name, value in said.args.items()}
    return Message(said.text, args, said.plural)


def _redacted(value: Value) -> Any:
    match value:
        case str():
            return redact(value)
        case Message():
            return redacted(value)
        case tuple():
            return tuple(map(_redacted, value))
        case _:
            return value


def nearest(word: str, words: Iterable[str]) -> Message:
    """Return ``; did you mean "…"?`` with the most similar of ``words``; nothing if none is."""
    spelled = {each.lower(): each for each in words}
    found = difflib.get_close_matches(word[:100].lower(), spelled, n=1, cutoff=0.5)
    return did_you_mean(spelled[found[0]]) if found else NOTHING


def did_you_mean(word: str) -> Message:
    """Return the end of a mistake that names what was probably meant."""
    return msg('; did you mean "{word}"?', word=word)


def known_are(names: Iterable[str]) -> Message:
    """Return the end of a mistake that names all that could be meant."""
    return msg("; possible here: {names}", names=tuple(names))


def unfillable(name: str, known: Iterable[str]) -> Message:
    """Return why a placeholder, or a brace without its partner, cannot be filled."""
    known = tuple(known)
    if name in ("{", "}"):
        return msg('the brace "{item}" is unmatched; write it twice for a literal brace', item=name)
    hint = nearest(name, known) or known_are(known)
    item = f"{{{name}}}"
    return msg("{item} is not a known placeholder{hint}", item=item, hint=hint)


def as_sentence(problem: Text) -> Message:
    """Return a problem with a full stop, unless it ends with a question."""
    return as_message(problem) if str(problem).endswith("?") else msg("{problem}.", problem=problem)


def shown(value: object) -> Text:
    """Return a wrong value for people, cut off where it is long."""
    if isinstance(value, list | dict):
        return msg("a list") if isinstance(value, list) else msg("a table")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) >= 10**18:
        return msg("a number with so many digits")  # Python refuses to write some of them out
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
