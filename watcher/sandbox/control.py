"""What the sandbox has received, for tests and for people to look at."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from math import isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from watcher.sandbox.api import UNKNOWN_SOURCES, Reply, reply
from watcher.sandbox.checks import REFERENCES
from watcher.sandbox.faults import Kind, parse_fault
from watcher.sandbox.webhooks import FORMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.sandbox.api import Api
    from watcher.sandbox.checks import Header, Source
    from watcher.sandbox.faults import Faults

_CALLS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Record:
    """One upload request. ``received_at`` is when its first line had come, by the clock.

    ``whole``: the body came to its end and was well-formed. ``status`` is 0 while, or when, there
    is no answer; ``taken``: it became a profile, or changed one, whatever was answered;
    ``answered`` says that all of the answer was handed to the network; ``ended`` that nothing more
    will happen.
    """

    number: int
    received_at: float
    source_key: str = ""
    reference: str = ""
    file_name: str = ""
    content_type: str = ""
    size: int = 0
    sha256: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    whole: bool = False
    status: int = 0
    message: str = ""
    taken: bool = False
    answered: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One request of any kind; ``target`` as it stood in its first line."""

    received_at: float
    method: str
    target: str


class Ledger:
    """All uploads in the order they came; every method may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._records: list[Record] = []
        self._ended = 0
        self._calls: deque[Call] = deque(maxlen=_CALLS)

    def records(self) -> tuple[Record, ...]:
        """Every upload so far."""
        with self._changed:
            return tuple(self._records)

    def calls(self) -> tuple[Call, ...]:
        """The last requests of every kind, those to ``/_sandbox`` apart."""
        with self._changed:
            return tuple(self._calls)

    def wait_for(self, count: int, within: float) -> tuple[Record, ...]:
        """The records once ``count`` uploads have ended; TimeoutError after ``within`` seconds."""
        return self._wait(lambda: self._ended >= count, within)

    def wait_until(
        self, condition: Callable[[tuple[Record, ...]], bool], within: float
    ) -> tuple[Record, ...]:
        """The records once they fulfil ``condition``; TimeoutError after ``within`` seconds."""
        return self._wait(lambda: condition(tuple(self._records)), within)

    def _wait(self, condition: Callable[[], bool], within: float) -> tuple[Record, ...]:
        with self._changed:
            if self._changed.wait_for(condition, within):
                return tuple(self._records)
            raise TimeoutError(
                f"after {within:g} s the sandbox has {len(self._records)} uploads, "
                f"{self._ended} of them ended"
            )

    def note(self, call: Call) -> None:
        """Write down a request."""
        with self._changed:
            self._calls.append(call)

    def open(self, received_at: float) -> int:
        """Begin a record and return its number, the first being 1."""
        with self._changed:
            number = len(self._records) + 1
            self._records.append(Record(number, received_at))
            self._changed.notify_all()
            return number

    def update(self, number: int, **changes: Any) -> None:
        """Write down what came to be known about a request."""
        with self._changed:
            before = self._records[number - 1]
            self._records[number - 1] = after = replace(before, **changes)
            self._ended += after.ended - before.ended
            self._changed.notify_all()


PREFIX: Final = "/_sandbox/"


#: What a person sees who asks how it works.
_HELP: Final = f"{__doc__}\nKinds of faults: {', '.join(Kind)}\n"


_NO_WEBHOOK: Final = MappingProxyType({"url": "", "secret": ""})


_HOSTS: Final = frozenset({"127.0.0.1", "localhost"})


class Control:
    """Answers requests below :data:`PREFIX`."""

    def __init__(self, api: Api, faults: Faults, ledger: Ledger) -> None:
        self._api = api
        self._faults = faults
        self._ledger = ledger

    def answer(self, method: str, path: str, header: Header, body: bytes) -> Reply:
        """A page in a browser must not reach in here, by whatever name it calls this machine."""
        if (header("Host") or "").rpartition(":")[0] not in _HOSTS or header("Origin"):
            return reply(403, "Only for programs on this machine")
        what = (method, path.removeprefix(PREFIX))
        if what == ("GET", ""):
            return Reply(200, _HELP, media_type="text/plain; charset=utf-8")
        if what == ("GET", "state"):
            return reply(200, "State", data=self._state())
        if what == ("GET", "ledger"):
            return reply(200, "Ledger", data=list(map(asdict, self._ledger.records())))
        if what == ("POST", "faults"):
            return self._set(body)
        return reply(404, f"Not found: {method} {path}")

    def _state(self) -> dict[str, Any]:
        parses = self._api.profiles.parses().values()
        return {
            "faults": self._faults.state(),
            "references": self._api.references,
            "parse_seconds": self._api.parse_seconds,
            **{name: getattr(self._api, name) for name in _SWITCHES},
            "sources": list(map(asdict, self._api.sources)),
            "webhook": self._api.webhooks.url if self._api.webhooks else "",
            "needless_parses": sum(parses) - len(parses),
        }

    def _set(self, body: bytes) -> Reply:
        """Set all or, if anything is wrong, nothing."""
        try:
            wanted = self._parse(body)
        except (ValueError, TypeError, RecursionError) as error:
            return reply(400, str(error))
        self._api.references = wanted["references"]
        self._api.parse_seconds = wanted["parse_seconds"]
        for name in _SWITCHES.keys() & wanted.keys():
            setattr(self._api, name, wanted[name])
        if "sources" in wanted:
            self._api.sources = wanted["sources"]
        if "webhook" in wanted and self._api.webhooks:
            self._api.webhooks.url = wanted["webhook"]["url"]
            self._api.webhooks.secret = wanted["webhook"]["secret"]
            self._api.webhooks.form = wanted["webhook"].get("form", FORMS[0])
        if "faults" in wanted:
            self._faults.set(*wanted["faults"])
        return reply(200, "Set", data=self._state())

    def _parse(self, body: bytes) -> dict[str, Any]:
        values = json.loads(body)
        if not isinstance(values, dict):
            raise ValueError("expected an object")  # noqa: TRY004 - wrong JSON, not a bug
        state = {"references": self._api.references, "parse_seconds": self._api.parse_seconds}
        wanted = {**state, **values}
        if unknown := wanted.keys() - {*state, *_SWITCHES, "faults", "sources", "webhook"}:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        if wanted["references"] not in REFERENCES:
            raise ValueError(f"references has to be one of {', '.join(REFERENCES)}")
        seconds = wanted["parse_seconds"]
        if not isinstance(seconds, int | float) or not isfinite(seconds) or seconds < 0:
            raise ValueError("parse_seconds has to be a number of seconds")
        for name, (holds, expected) in _SWITCHES.items():
            if name in wanted and not holds(wanted[name]):
                raise ValueError(f"{name} has to be {expected}")
        if "sources" in wanted:
            wanted["sources"] = _change_sources(self._api.sources, wanted["sources"])
        _check_webhook(wanted.get("webhook", _NO_WEBHOOK))
        if "faults" in wanted:
            wanted["faults"] = list(map(parse_fault, wanted["faults"]))
        return wanted


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _are_keys(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


#: Attributes of the API that can be set as they are: what may stand there, and in words.
_SWITCHES: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = MappingProxyType(
    {
        "unparsable": (lambda value: isinstance(value, str), "a glob of file names"),
        "unknown_source": (
            lambda value: value in UNKNOWN_SOURCES,
            f"one of {'; '.join(UNKNOWN_SOURCES)}",
        ),
        "forbidden": (_are_keys, "a list of source keys"),
        "over_quota": (_is_flag, "true or false"),
        "may_search": (_is_flag, "true or false"),
        "later": (_is_flag, "true or false"),
    }
)


def _change_sources(sources: Sequence[Source], changes: Any) -> tuple[Source, ...]:
    """``changes``: some fields of some sources, by their keys; ValueError for what is not known."""
    if not isinstance(changes, dict) or changes.keys() - {source.key for source in sources}:
        raise ValueError("sources has to be an object of known source keys")
    return tuple(replace(source, **changes.get(source.key, {})) for source in sources)


def _check_webhook(value: Any) -> None:
    """ValueError if it is none; it may lead nowhere but to this machine."""
    is_whole = isinstance(value, Mapping) and value.keys() - {"form"} == {"url", "secret"}
    if not is_whole or not all(isinstance(each, str) for each in value.values()):
        raise ValueError("webhook has to be an object with url and secret, and perhaps form")
    if value.get("form", FORMS[0]) not in FORMS:
        raise ValueError(f"webhook.form has to be one of {', '.join(FORMS)}")
    if value["url"] and urlsplit(value["url"]).hostname not in _HOSTS:
        raise ValueError("webhook.url has to lead to this machine")
