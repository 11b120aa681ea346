"""Messages as values: an English text with named places, and what stands in them. Pure.

A message is made where something is found out, travels and is stored as a value, and becomes text
only where a person reads it (:class:`watcher.i18n.catalog.Catalog`). The English text is the
message's identity, gettext's msgid. What HrFlow, the system or a person said is an argument, and
is never translated.
"""

from __future__ import annotations

import gettext
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: What may stand in a place. Sizes are bytes, durations seconds; a tuple is a list.
Value: TypeAlias = "str | int | float | Message | tuple[Value, ...]"
#: A message, or English that only the terminal and the log show.
Text: TypeAlias = "Message | str"

_PLACE: Final = re.compile(r"\{(\w+)(?::(\w+))?\}|\{\{|\}\}")
#: How a message begins as JSON; anything else is text from before messages were values.
_BEGINNING: Final = '{"id":'


@dataclass(frozen=True, slots=True)
class Message:
    """``text`` with the places that ``args`` fill; ``plural`` where ``args["count"]`` is not one.

    A place is ``{name}`` or ``{name:kind}``; the kinds are told above.
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


def sentences(said: Sequence[Message]) -> Message:
    """Whole sentences, one behind the other."""
    places = [f"sentence{number}" for number in range(len(said))]
    layout = " ".join(f"{{{place}}}" for place in places)
    return Message(layout, dict(zip(places, said, strict=True)))


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


class Catalog:
    """Texts in one language: ``word("Uploading {done} of {total}", done=3, total=40)``."""

    def __init__(self, language: str, translations: gettext.NullTranslations) -> None:
        self.language = language
        self.translations = translations

    def __call__(self, said: str | Message, /, **args: Value) -> str:
        """A message, or a text that stands literally at the call, with its places filled."""
        if isinstance(said, Message):
            if said.plural:
                return self._plural(said.text, said.plural, said.args["count"], said.args)
            return self._fill(self._find(said.text), said.args)
        return self._fill(self._find(said), args)

    def plural(self, one: str, many: str, count: int, /, **args: Value) -> str:
        """A text about ``count`` things, which fills the place of this name."""
        return self._plural(one, many, count, {"count": count, **args})

    # -- inside

    def _find(self, text: str) -> str:
        return self.translations.gettext(text) if text else ""  # "" is the catalogue's header

    def _plural(self, one: str, many: str, count: Value, args: object) -> str:
        assert isinstance(count, int)
        assert isinstance(args, dict)
        return self._fill(self.translations.ngettext(one, many, count), args)

    def _fill(self, text: str, args: object) -> str:
        assert isinstance(args, dict)
        if "{" not in text and "}" not in text:
            return text
        return _PLACE.sub(lambda found: self._place(found, args), text)

    def _place(self, found: re.Match[str], args: dict[str, Value]) -> str:
        name, kind = found[1], found[2]
        if name is None:
            return found[0][0]
        if name not in args:  # a text from elsewhere that only looks like one of ours
            return found[0]
        return self._value(args[name], kind or "")

    def _value(self, value: Value, kind: str) -> str:
        match kind, value:
            case ("size", int() | float()):
                return self.size(value)
            case ("duration", int() | float()):
                return self.duration(value)
            case ("count", int()):
                return self.number(value)
            case ("and" | "or", tuple()):
                return self._listed([self._value(each, "") for each in value], kind)
            case (_, tuple()):
                return ", ".join(self._value(each, "") for each in value)
            case (_, Message()):
                return self(value)
            case _:
                return str(value)

    def number(self, value: float, digits: int = 0) -> str:
        """A number with this language's separators."""
        pgettext = self.translations.pgettext
        whole, _, rest = f"{value:,.{digits}f}".partition(".")
        whole = whole.replace(",", pgettext("thousands separator", ","))
        return whole + pgettext("decimal separator", ".") + rest if rest else whole

    def size(self, value: float) -> str:
        """Bytes for people: "940 B", "32.2 kB", "1.5 GB"."""
        word = self  # by this name texts are found for the catalogues
        if abs(value) < 1000:
            return word("{number} B", number=self.number(value))
        value /= 1000
        if round(abs(value), 1) < 1000:
            return word("{number} kB", number=self.number(value, 1))
        value /= 1000
        if round(abs(value), 1) < 1000:
            return word("{number} MB", number=self.number(value, 1))
        return word("{number} GB", number=self.number(value / 1000, 1))

    def duration(self, seconds: float) -> str:
        """Seconds for people: "0.8 s", "42 s", "3 min", "2 h 05 min"."""
        word = self
        if seconds < 60:
            return word("{number} s", number=self.number(seconds, 1 if seconds < 10 else 0))
        if seconds < 3600:
            return word("{number} min", number=self.number(seconds / 60))
        hours, minutes = divmod(seconds, 3600)
        shown = f"{minutes // 60:02.0f}"
        return word("{hours} h {minutes} min", hours=self.number(hours), minutes=shown)

    def _listed(self, parts: Sequence[str], kind: str) -> str:
        if len(parts) < 2:
            return "".join(parts)
        word = self
        first, last = ", ".join(parts[:-1]), parts[-1]
        if kind == "and":
            return word("{first} and {last}", first=first, last=last)
        return word("{first} or {last}", first=first, last=last)


ENGLISH: Final = Catalog("en", gettext.NullTranslations())
