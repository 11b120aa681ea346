"""Messages as values: an English text with named places, and what stands in them. Pure.

A message is made where something is found out, travels and is stored as a value, and becomes text
only where a person reads it (:class:`watcher.i18n.catalog.Catalog`). The English text is the
message's identity, gettext's msgid. What HrFlow, the system or a person said is an argument, and
is never translated.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What may stand in a place. Sizes are bytes, durations seconds; a tuple is a list.
Value: TypeAlias = "str | int | float | Message | tuple[Value, ...]"
#: A message, or English that only the terminal and the log show.
Text: TypeAlias = "Message | str"

#: How a message begins as JSON; anything else in its place is text from before messages were values.
_BEGINNING: Final = '{"id":'


@dataclass(frozen=True, slots=True)
class Message:
    """``text`` with the places that ``args`` fill; ``plural`` where ``args["count"]`` is not one.

    A place is ``{name}`` or ``{name:kind}``; the kinds are those of :mod:`watcher.i18n.catalog`.
    A message without text is false.
    """

    text: str
    args: Mapping[str, Value] = field(default_factory=dict)
    plural: str = ""

    def __bool__(self) -> bool:
        return bool(self.text)

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        from watcher.i18n.catalog import ENGLISH  # noqa: PLC0415 - it renders these values

        return ENGLISH(self)


NOTHING: Final = Message("")


def msg(text: str, /, **args: object) -> Message:
    """A message; ``text`` stands there literally, so that it is found for the catalogues.

    What cannot stand in a place as it is (an error, None) is taken as its text.
    """
    return Message(text, _arguments(args))


def plural(one: str, many: str, count: int, /, **args: object) -> Message:
    """A message about ``count`` things, which fills the place of this name."""
    return Message(one, {"count": count, **_arguments(args)}, many)


def verbatim(text: str) -> Message:
    """What somebody else has said: never translated."""
    return Message("{text}", {"text": text}) if text else NOTHING


def as_message(text: Text) -> Message:
    """A message as it is, plain text verbatim."""
    return text if isinstance(text, Message) else verbatim(text)


def as_json(said: Message) -> str:
    """A message as one line of JSON, "" for none: ``{"id": …, "args": {…}, "plural": …}``."""
    return json.dumps(as_data(said), ensure_ascii=False, separators=(",", ":")) if said else ""


def as_data(said: Message) -> dict[str, Any]:
    """A message as plain values."""
    data: dict[str, Any] = {"id": said.text}
    if said.args:
        data["args"] = {name: _plain(value) for name, value in said.args.items()}
    if said.plural:
        data["plural"] = said.plural
    return data


def from_json(text: str) -> Message:
    """The message that :func:`as_json` wrote; any other text verbatim."""
    if not text.startswith(_BEGINNING):
        return verbatim(text)
    return _from_data(json.loads(text))


def _arguments(args: Mapping[str, object]) -> dict[str, Value]:
    return {name: _argument(value) for name, value in args.items()}


def _argument(value: object) -> Value:
    match value:
        case Message() | str() | int() | float():
            return value
        case tuple() | list():
            return tuple(map(_argument, value))
        case _:
            return str(value or "")


def _plain(value: Value) -> object:
    if isinstance(value, Message):
        return as_data(value)
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _from_data(data: dict[str, Any]) -> Message:
    args = {name: _value(value) for name, value in data.get("args", {}).items()}
    return Message(data["id"], args, data.get("plural", ""))


def _value(value: Any) -> Value:
    match value:
        case {"id": str()}:
            return _from_data(value)
        case list():
            return tuple(map(_value, value))
        case str() | int() | float():
            return value
        case _:
            raise ValueError(value)
