"""Checks of requests, as strict as the documents allow: a Refusal, or values to work with."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NoReturn, TypeAlias, get_args

import msgspec
from msgspec import Struct

from watcher.sandbox.samples import permission

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    #: Gives a header by its name, None if it did not come.
    Header = Callable[[str], str | None]

Stage = Literal["new", "yes", "later", "no"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
_KEY: Final = re.compile(r"ask[rw]?_[0-9a-f]{32}")
_MEDIA_TYPE: Final = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_INTEGER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)

#: The last second of the year 9999: milliseconds are taken for what they are, a mistake.
_LAST_SECOND: Final = 253_402_300_799
_Timestamp: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=_LAST_SECOND)]


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error of this program
    """A request that is answered with ``status`` and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Form(Struct, frozen=True):
    """The checked text fields of an upload; ``created_at`` in ISO 8601, "" when not given."""

    source_key: str
    reference: str = ""
    content_type: str = ""
    created_at: str = ""
    sync_parsing: bool = False
    sync_parsing_indexing: bool = True
    webhook_parsing_sending: bool = False
    labels: tuple[dict[str, Any], ...] = ()
    tags: tuple[dict[str, Any], ...] = ()
    metadatas: tuple[dict[str, Any], ...] = ()


def check_access(
    header: Header, right: Literal["read", "write"], keys: Collection[str], email: str
) -> str:
    """Return the key of a request; Refusal unless it is known and has the right."""
    key = header("X-API-KEY")
    if key is None:
        raise Refusal(401, "Unauthorized. Missing header: X-API-KEY")
    if not _KEY.fullmatch(key) or key not in keys or permission(key) not in ("all", right):
        raise Refusal(401, f"Unauthorized. Invalid secret key: {key} for permission: {right}")
    user = header("X-USER-EMAIL")
    if user is None:
        raise Refusal(401, "Unauthorized. Missing header: X-USER-EMAIL")
    if user.lower() != email.lower():
        raise Refusal(401, "Unauthorized. Invalid X-USER-EMAIL for this secret key")
    return key


def check_form(pairs: Iterable[tuple[str, str]]) -> Form:
    """Return the checked text fields of an upload, given as (name, value)."""
    texts = _once(pairs, _FIELDS, "field")
    if "content_type" in texts and "profile_content_type" in texts:
        _refuse("Repeated field: content_type")
    if "source_key" not in texts:
        _refuse("Missing field: source_key")
    values = {name: _FIELDS[name](name, text) for name, text in texts.items()}
    if "profile_content_type" in values:
        values["content_type"] = values.pop("profile_content_type")
    return Form(**values)


def check_query(
    pairs: Iterable[tuple[str, str]], known: Collection[str], required: Collection[str] = ()
) -> dict[str, str]:
    """Return the parameters of a look-up: each known and given once, all required ones there."""
    texts = _once(pairs, known, "parameter")
    for name in required:
        if not texts.get(name):
            _refuse(f"Missing parameter: {name}")
    return texts


def check_count(name: str, texts: Mapping[str, str], default: int, most: int) -> int:
    """Return a parameter that is a number from 1 to ``most``."""
    text = texts.get(name, str(default))
    if not _INTEGER.fullmatch(text) or not 1 <= int(text) <= most:
        _refuse(f"Invalid parameter {name}: expected a whole number from 1 to {most}")
    return int(text)


def check_choice(name: str, texts: Mapping[str, str], choices: Sequence[str]) -> str:
    """Return a parameter that has to be one of ``choices``, the first if it is absent."""
    value = texts.get(name, choices[0])
    if value not in choices:
        _refuse(f"Invalid parameter {name}: expected one of {', '.join(choices)}")
    return value


def check_keys(name: str, text: str) -> tuple[str, ...]:
    """Return a parameter that holds a JSON array of texts, with at least one."""
    keys = _array(Annotated[str, msgspec.Meta(min_length=1)], name, text)
    if not keys:
        _refuse(f"Invalid parameter {name}: expected at least one key")
    return keys


def check_flag(name: str, texts: Mapping[str, str]) -> bool:
    """Return a boolean parameter, as JSON, Python or a form write it; False if it is absent."""
    value = texts.get(name, "0").lower()
    if value not in ("0", "1", "false", "true"):
        _refuse(f"Invalid parameter {name}: expected a boolean")
    return value in ("1", "true")


def _refuse(message: str) -> NoReturn:
    raise Refusal(400, message)


def _once(pairs: Iterable[tuple[str, str]], known: Collection[str], what: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            _refuse(f"Unknown {what}: {name}")
        if name in texts:
            _refuse(f"Repeated {what}: {name}")
        texts[name] = value
    return texts


def _text(name: str, value: str) -> str:
    # "None" is what a client writes that turned an absent value into text.
    if not value.strip() or value in ("None", "null"):
        _refuse(f"Invalid field {name}: leave it out instead of sending {value!r}")
    return value


def _source_key(_: str, value: str) -> str:
    if not value:
        _refuse("Invalid source fields")
    return value


def _flag(name: str, value: str) -> bool:
    if value not in ("0", "1"):
        _refuse(f"Invalid field {name}: expected 0 or 1, not {value!r}")
    return value == "1"


def _media_type(name: str, value: str) -> str:
    if not _MEDIA_TYPE.fullmatch(value):
        _refuse(f"Invalid field {name}: {value!r} is no content type")
    return value


def _moment(name: str, value: str) -> str:
    if _INTEGER.fullmatch(value):
        if int(value) > _LAST_SECOND:
            _refuse(f"Invalid field {name}: expected seconds since 1970, not {value}")
        return datetime.fromtimestamp(int(value), UTC).isoformat()
    try:
        return datetime.fromisoformat(value).isoformat()
    except ValueError:
        _refuse(f"Invalid field {name}: expected an ISO 8601 date or an integer, not {value!r}")


class _Item(msgspec.Struct, forbid_unknown_fields=True):
    """A tag or a piece of metadata."""

    name: Annotated[str, msgspec.Meta(min_length=1)]
    value: str | int | float | bool


class _Label(msgspec.Struct, forbid_unknown_fields=True):
    """Where a profile stands in the process of a job."""

    job_key: str | msgspec.UnsetType = msgspec.UNSET
    job_reference: str | msgspec.UnsetType = msgspec.UNSET
    stage: Stage | msgspec.UnsetType = msgspec.UNSET
    stage_timestamp: _Timestamp | msgspec.UnsetType = msgspec.UNSET
    rating: Annotated[float, msgspec.Meta(ge=0, le=1)] | msgspec.UnsetType = msgspec.UNSET
    rating_timestamp: _Timestamp | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        if not (self.job_key or self.job_reference):
            raise ValueError("a label needs a job_key or a job_reference")


def _array(kind: Any, name: str, text: str) -> tuple[Any, ...]:
    """Return a JSON array whose members are of a kind, as plain values."""
    try:
        return tuple(msgspec.to_builtins(msgspec.json.decode(text, type=list[kind])))
    except (ValueError, RecursionError) as error:
        _refuse(f"Invalid field {name}: {error}")


_FIELDS: Final[Mapping[str, Callable[[str, str], Any]]] = {
    "source_key": _source_key,
    "reference": _text,
    "profile_content_type": _media_type,
    "content_type": _media_type,
    "created_at": _moment,
    "labels": partial(_array, _Label),
    "tags": partial(_array, _Item),
    "metadatas": partial(_array, _Item),
    "sync_parsing": _flag,
    "sync_parsing_indexing": _flag,
    "webhook_parsing_sending": _flag,
}
