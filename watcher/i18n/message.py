"""Messages as values: an English text with named places, and the values for them. Pure.

A message is created where something is found out, passed on and stored as a value, and becomes text
only where a person reads it (:class:`Catalog`). The English text is the message's identity,
gettext's msgid. The words of HrFlow, the system or a person are arguments, never translated.
"""

from __future__ import annotations

import gettext
import json
import re
from collections.abc import Mapping  # noqa: TC003 - told at run time what a message holds
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from msgspec import Struct, ValidationError, convert, field, to_builtins

from watcher.i18n.command import command_name

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A value for a place. Sizes are bytes, durations seconds, dates YYYY-MM-DD or YYYY-MM; a tuple is
#: a list.
Single: TypeAlias = "str | bool | int | float | Message"
Value: TypeAlias = "str | bool | int | float | Message | tuple[Single, ...]"
#: A message, or English that only the terminal and the log show.
Text: TypeAlias = "Message | str"

_PLACE: Final = re.compile(r"\{(\w+)(?::(\w+))?\}|\{\{|\}\}")
#: The place for the name of the program's command: filled where the message is read, as the one who
#: reads it may call the program in another way than the process that wrote it.
COMMAND_PLACE: Final = "hrflow_watcher"
#: JSON without blanks, as it is stored and sent; json.dumps would make one at each call.
COMPACT: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
#: How a message begins as JSON; anything else is text by a version before 4 of the journal.
_BEGINNING: Final = '{"id":'


class Message(Struct, frozen=True, omit_defaults=True, rename={"text": "id"}):
    """``text`` with the places that ``args`` fill; ``plural`` where ``args["count"]`` is not one.

    A place is ``{name}`` or ``{name:kind}``; kinds are size, duration, count, date, and, or (see
    ``Catalog``). ``{hrflow_watcher}`` needs no value (see ``COMMAND_PLACE``). A message without
    text is false.
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
    """Return a message; ``text`` is a literal at the call, as catalogues are extracted from these.

    Other values than :data:`Value` (an error, None) are converted to text.
    """
    return Message(text, _arguments(args))


def plural(one: str, many: str, count: int, /, **args: object) -> Message:
    """Return a message about ``count`` things; ``count`` also fills the place of this name."""
    return Message(one, {"count": count, **_arguments(args)}, many)


def verbatim(text: str) -> Message:
    """Return a text from elsewhere as a message; it is never translated."""
    return Message("{text}", {"text": text}) if text else NOTHING


def as_message(text: Text) -> Message:
    """Return a message as it is, plain text verbatim."""
    return text if isinstance(text, Message) else verbatim(text)


def sentences(messages: Sequence[Message]) -> Message:
    """Return several whole sentences as one message."""
    places = [f"sentence{number}" for number in range(len(messages))]
    layout = " ".join(f"{{{place}}}" for place in places)
    return Message(layout, dict(zip(places, messages, strict=True)))


def as_json(message: Message) -> str:
    """Return a message as JSON; "" for NOTHING."""
    return COMPACT.encode(as_data(message)) if message else ""


def as_data(message: Message) -> dict[str, Any]:
    """Return a message as plain values, for JSON: ``{"id": …, "args": {…}, "plural": …}``."""
    data: dict[str, Any] = to_builtins(message)
    return data


def as_fields(name: str, text: Text) -> dict[str, object]:
    """Return a text for scripts: in English as ``name``, its id and arguments as ``…_message``."""
    message = as_message(text)
    return {name: str(message), f"{name}_message": as_data(message) if message else None}


def from_json(text: str) -> Message:
    """Return the message that :func:`as_json` wrote; any other text verbatim."""
    if not text.startswith(_BEGINNING):
        return verbatim(text)
    try:
        return convert(json.loads(text), Message)
    except (ValueError, ValidationError):  # it only begins like a message
        return verbatim(text)


def _arguments(args: Mapping[str, object]) -> dict[str, Value]:
    return {name: _argument(value) for name, value in args.items()}


def _argument(value: object) -> Value:
    return tuple(map(_single, value)) if isinstance(value, (tuple, list)) else _single(value)


def _single(value: object) -> Single:
    return value if isinstance(value, (Message, str, int, float)) else str(value or "")


class Catalog:
    """Texts in one language: ``word("Uploading {done} of {total}", done=3, total=40)``."""

    def __init__(self, language: str, translations: gettext.NullTranslations) -> None:
        self.language = language
        self.translations = translations

    def __call__(self, message: str | Message, /, **args: Value) -> str:
        """Return the text of a message, or of a literal, with its places filled."""
        if isinstance(message, str):
            message = Message(message, args)
        text = self._find(message)
        if "{" not in text and "}" not in text:
            return text
        return _PLACE.sub(lambda found: self._place(found, message.args), text)

    def plural(self, one: str, many: str, count: int, /, **args: Value) -> str:
        """Return a text about ``count`` things; ``count`` also fills the place of this name."""
        return self(Message(one, {"count": count, **args}, many))

    # -- inside

    def _find(self, message: Message) -> str:
        if message.plural:
            count = message.args["count"]
            assert isinstance(count, int)
            return self.translations.ngettext(message.text, message.plural, count)
        return self.translations.gettext(message.text) if message else ""  # "": the header

    def _place(self, found: re.Match[str], args: Mapping[str, Value]) -> str:
        name, kind = found[1], found[2]
        if name is None:
            return found[0][0]
        if name not in args:
            # Others are of a text from elsewhere that happens to have braces.
            return command_name() if name == COMMAND_PLACE else found[0]
        return self._value(args[name], kind or "")

    def _value(self, value: Value, kind: str) -> str:
        match kind, value:
            case ("size", int() | float()):
                return self.size(value)
            case ("duration", int() | float()):
                return self.duration(value)
            case ("count", int()):
                return self.number(value)
            case ("date", str()):
                return self.date(value)
            case ("and" | "or", tuple()):
                return self._listed([self._value(each, "") for each in value], kind)
            case (_, tuple()):
                return ", ".join(self._value(each, "") for each in value)
            case (_, Message()):
                return self(value)
            case _:
                return str(value)

    def number(self, value: float, digits: int = 0) -> str:
        """Return a number with this language's separators."""
        pgettext = self.translations.pgettext
        whole, _, rest = f"{value:,.{digits}f}".partition(".")
        whole = whole.replace(",", pgettext("thousands separator", ","))
        return whole + pgettext("decimal separator", ".") + rest if rest else whole

    def size(self, value: float) -> str:
        """Return bytes for people: "940 B", "32.2 kB", "1.5 GB"."""
        word = self  # the name by which texts are extracted for the catalogues
        if abs(value) < 1000:
            return _unbroken(word("{number} B", number=self.number(value)))
        value /= 1000
        if round(abs(value), 1) < 1000:
            return _unbroken(word("{number} kB", number=self.number(value, 1)))
        value /= 1000
        if round(abs(value), 1) < 1000:
            return _unbroken(word("{number} MB", number=self.number(value, 1)))
        return _unbroken(word("{number} GB", number=self.number(value / 1000, 1)))

    def duration(self, seconds: float) -> str:
        """Return seconds for people: "< 0.1 s", "0.8 s", "42 s", "3 min", "2 h 05 min"."""
        word = self
        if seconds < 0.1:
            return _unbroken(word("< {number} s", number=self.number(0.1, 1)))
        if seconds < 60:
            shown = self.number(seconds, 1 if seconds < 10 else 0)
            return _unbroken(word("{number} s", number=shown))
        if seconds < 3600:
            return _unbroken(word("{number} min", number=self.number(seconds / 60)))
        hours, minutes = divmod(seconds, 3600)
        shown = f"{minutes // 60:02.0f}"
        return _unbroken(word("{hours} h {minutes} min", hours=self.number(hours), minutes=shown))

    def date(self, day: str) -> str:
        """Return a day (YYYY-MM-DD) or a month (YYYY-MM): "November 23, 2026", "November 2026"."""
        word = self
        year, month, *rest = (int(part) for part in day.split("-"))
        name = self(_MONTHS[month - 1])
        if not rest:
            return word("{month} {year}", month=name, year=year)
        return word("{month} {day}, {year}", month=name, day=rest[0], year=year)

    def _listed(self, parts: Sequence[str], kind: str) -> str:
        if len(parts) < 2:
            return "".join(parts)
        word = self
        first, last = ", ".join(parts[:-1]), parts[-1]
        if kind == "and":
            return word("{first} and {last}", first=first, last=last)
        return word("{first} or {last}", first=first, last=last)


def _unbroken(quantity: str) -> str:
    """Return a number and its unit with no-break spaces, which no line is broken at."""
    return quantity.replace(" ", "\N{NO-BREAK SPACE}")


_MONTHS: Final = (
    msg("January"), msg("February"), msg("March"), msg("April"), msg("May"), msg("June"),
    msg("July"), msg("August"), msg("September"), msg("October"), msg("November"), msg("December"),
)  # fmt: skip

ENGLISH: Final = Catalog("en", gettext.NullTranslations())
