"""Patterns of paths, and the placeholders that are filled with what they capture.

A pattern has ``*``, ``**``, ``?`` and captures ``{name}`` or ``{name:one|two}``; a setting has the
placeholders ``{folder}``, ``{stem}``, a capture's ``{name}``, and ``{{`` for a brace.

Paths are relative to a watched folder, their parts joined by ``/``. Case is ignored, as one person
types "Yes" and the next "yes"; a capture has the path's spelling, or the pattern's if it lists
choices.

Matching takes at most (characters of the pattern) x (characters of the path) steps, whatever the
pattern: no place in a part is entered twice. Wildcards and captures take the shortest text with
which the whole path matches.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.i18n.message import Message, msg
from watcher.routing.names import as_seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from watcher.model.files import Document

_TOKEN = re.compile(r"(?P<star>\*+)|\{(?P<capture>[^{}]*)\}|(?P<brace>[{}])|(?P<text>[^*{}]+)")
_CAPTURE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::(?P<choices>.*))?\Z", re.DOTALL)
_SPLIT_CAPTURE = re.compile(r"\{[^{}]*/[^{}]*\}")
_LONGEST: Final = 1000
_PLACE = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}]*)\}|(?P<stray>[{}])")
#: What must not be part of a value: control characters and bytes that are not text.
_HARMFUL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class PatternError(ValueError):
    """A pattern is not valid; ``message`` says why."""

    def __init__(self, message: Message) -> None:
        super().__init__(message)
        self.message = message


class _Piece(Struct, frozen=True):
    """One piece of a part: one of the ``fixed`` texts, or (if empty) any text.

    ``fixed`` are tried in order; ``least`` is how many characters "anything" takes at least;
    ``name`` is the capture's, "" if it is none.
    """

    fixed: tuple[re.Pattern[str], ...] = ()
    least: int = 0
    name: str = ""

    def ends(self, text: str, begin: int, beyond: int) -> Iterator[int]:
        """Yield where the piece that begins at ``begin`` may end, the preferred place first.

        A piece of any text ends before ``beyond``: places from there on were tried before.
        """
        if not self.fixed:
            yield from range(begin + self.least, beyond)
        for expression in self.fixed:
            if found := expression.match(text, begin):
                yield found.end()


_Part = tuple[_Piece, ...]


class Pattern(Struct, frozen=True):
    """A compiled pattern; ``names`` are those of its captures, ``choices`` what some may hold.

    ``_parts`` has the pieces of each part of the path, None for ``**``.
    """

    text: str
    names: tuple[str, ...]
    choices: Mapping[str, tuple[str, ...]]
    _parts: tuple[_Part | None, ...]

    def match(self, path: str) -> dict[str, str] | None:
        """Return the text of each capture if the whole ``path`` matches, else None."""
        found = _match_parts(self._parts, as_seen(path).split("/"))
        if found is None:
            return None
        captured = {name: value for each in found for name, value in each.items()}
        for name, words in self.choices.items():
            captured[name] = next(
                word for word in words if _literal(word).fullmatch(captured[name])
            )
        return captured


def compile_pattern(text: str) -> Pattern:
    """Compile a pattern; PatternError if it is not one."""
    if not text or text.startswith("/") or "\\" in text:
        raise PatternError(
            msg('a pattern is a path inside the folder with "/" between its parts, like "jobs/**"')
        )
    if len(text) > _LONGEST:
        raise PatternError(msg("a pattern can have at most {number} characters", number=_LONGEST))
    if _SPLIT_CAPTURE.search(text):
        raise PatternError(msg('a capture matches one part of the path, so it can\'t contain "/"'))
    choices: dict[str, tuple[str, ...]] = {}
    names: list[str] = []
    parts: list[_Part | None] = []
    for part in as_seen(text).split("/"):
        if part in ("", ".", ".."):
            raise PatternError(msg('no path contains the part "{value}"', value=part))
        if part != "**":
            parts.append(tuple(_pieces(part, names, choices)))
        elif not parts or parts[-1] is not None:
            parts.append(None)
    if parts[-1] is None:  # "a/**" means everything below a, not a itself
        parts.append((_Piece(least=1),))
    return Pattern(text, tuple(names), MappingProxyType(choices), tuple(parts))


def _match_parts(parts: tuple[_Part | None, ...], path: list[str]) -> list[dict[str, str]] | None:
    """Return the captures of each part that is not ``**``; None if the whole path does not match.

    Only the last ``**`` is tried again: it can match whatever an earlier one could.
    """
    found: list[dict[str, str]] = []
    at, here = 0, 0
    again: tuple[int, int, int] | None = None  # the last "**": its place, the path's, len(found)
    while here < len(path):
        part = parts[at] if at < len(parts) else None
        if at < len(parts) and part is None:
            again = (at, here, len(found))
            at += 1
        elif part is not None and (captured := _match_part(part, path[here])) is not None:
            found.append(captured)
            at, here = at + 1, here + 1
        elif again is not None:
            at, here = again[0] + 1, again[1] + 1
            again = (again[0], here, again[2])
            del found[again[2] :]
        else:
            return None
    return found if at == len(parts) else None


def _match_part(part: _Part, text: str) -> dict[str, str] | None:
    """Match the pieces, backtracking where they fail; no (piece, place) is entered twice."""
    entered: set[tuple[int, int]] = set()
    beyond = [len(text) + 1] * len(part)
    ways: list[Iterator[int]] = []
    begins: list[int] = []
    end = 0
    while True:
        at = len(ways)
        if at == len(part):
            if end == len(text):
                places = zip(part, begins, [*begins[1:], end], strict=True)
                return {piece.name: text[a:b] for piece, a, b in places if piece.name}
        elif (at, end) not in entered:
            entered.add((at, end))
            ways.append(part[at].ends(text, end, beyond[at]))
            beyond[at] = min(beyond[at], end + part[at].least)
            begins.append(end)
        while ways and (end := next(ways[-1], -1)) < 0:
            ways.pop()
            begins.pop()
        if not ways:
            return None


def _pieces(part: str, names: list[str], choices: dict[str, tuple[str, ...]]) -> Iterator[_Piece]:
    for found in _TOKEN.finditer(part):
        if found["star"]:
            yield _Piece()
        elif found["brace"]:
            raise PatternError(msg('the brace "{item}" has no matching brace', item=found["brace"]))
        elif found["text"]:
            yield _Piece(fixed=(_literal(found["text"], wild="?"),))
        else:
            yield _capture(found["capture"], names, choices, whole=found[0] == part)


def _capture(
    text: str, names: list[str], choices: dict[str, tuple[str, ...]], *, whole: bool
) -> _Piece:
    """``whole``: it is all of a part, at whose ends no blank counts."""
    found = _CAPTURE.match(text)
    if found is None:
        capture = f"{{{text}}}"
        raise PatternError(
            msg(
                "{item} is not a capture; write {forms:or}",
                item=capture,
                forms=("{name}", "{name:one|two}"),
            )
        )
    name = found["name"]
    if name in names:
        raise PatternError(msg('the capture "{name}" is used twice', name=name))
    names.append(name)
    if found["choices"] is None:
        return _Piece(least=1, name=name)
    words = tuple(word.strip() if whole else word for word in found["choices"].split("|"))
    if "" in words:
        raise PatternError(msg('one of the choices for "{name}" is empty', name=name))
    choices[name] = words
    return _Piece(fixed=tuple(map(_literal, sorted(words, key=len, reverse=True))), name=name)


def _literal(text: str, wild: str = "") -> re.Pattern[str]:
    """Return an expression for ``text`` in any case; a character in ``wild`` matches any one."""
    escaped = "".join("." if char in wild else re.escape(char) for char in text)
    return re.compile(escaped, re.IGNORECASE | re.DOTALL)


# -- placeholders


def names_in(template: str) -> list[str]:
    """Return the placeholders of a template, in order; a stray brace is returned as itself."""
    return [
        found["name"] if found["stray"] is None else found["stray"]
        for found in _PLACE.finditer(template)
        if found["name"] is not None or found["stray"] is not None
    ]


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return ``template`` with its placeholders filled; KeyError for one that ``values`` lacks."""
    if "{" not in template and "}" not in template:
        return template

    def put(found: re.Match[str]) -> str:
        name = found["name"]
        return found[0][0] if name is None else harmless(values[name])

    return _PLACE.sub(put, template)


def harmless(text: str) -> str:
    """Return ``text`` as valid text without control characters, to be sent."""
    return _HARMFUL.sub("\ufffd", text)


class Host(Struct, frozen=True):
    """The values of placeholders for the machine and its user."""

    hostname: str
    user: str


class Values(dict[str, str]):
    """The placeholders of a document, each worked out when a setting first asks for it.

    Names are as people see them; only ``{path}``, which distinguishes files, is the real one. Those
    of an email are "" for a document that was attached to none. ``captured`` are those of its rule.
    """

    def __init__(self, document: Document, host: Host, captured: Mapping[str, str]) -> None:
        super().__init__(captured)
        self._document = document
        self._host = host

    def __missing__(self, name: str) -> str:
        value = self[name] = BUILT_IN[name](self._document, self._host)
        return value


def _folder(document: Document, _: Host) -> str:
    return re.split(r"[/\\]", as_seen(document.folder).rstrip("/\\"))[-1]


def _parent(document: Document, host: Host) -> str:
    directories = as_seen(document.below).rpartition("/")[0]
    return directories.rpartition("/")[2] or _folder(document, host)


def _stem(document: Document, _: Host) -> str:
    name = as_seen(document.below).rpartition("/")[2]
    stem, dot, _extension = name.rpartition(".")
    return stem if dot else name


def _date(document: Document, _: Host) -> str:
    """The day (UTC) of the file's last change, or of its arrival if that cannot be right.

    So a later retry sends the same.
    """
    return datetime.fromtimestamp(document.dated, UTC).strftime("%Y-%m-%d")


def _path(document: Document, _: Host) -> str:
    return document.path[len(document.folder.rstrip("/\\")) + 1 :].replace("\\", "/")


#: What every string value may hold, beside the captures of its rule's pattern.
BUILT_IN: Final[Mapping[str, Callable[[Document, Host], str]]] = MappingProxyType(
    {
        "folder": _folder,
        "parent": _parent,
        "stem": _stem,
        "extension": lambda document, _: document.sniffed.extension.lstrip("."),
        "date": _date,
        "hostname": lambda _, host: host.hostname,
        "user": lambda _, host: host.user,
        "sha256": lambda document, _: document.sha256,
        "path": _path,
        "mail_subject": lambda document, _: document.mail.subject,
        "mail_from": lambda document, _: document.mail.sender,
        "mail_date": lambda document, _: document.mail.date,
    }
)
