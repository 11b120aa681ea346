"""What the sandbox has received, and its switches over HTTP, for tests and for people.

``GET /_sandbox/state`` shows the switches, ``POST /_sandbox/faults`` sets some of them, and
``GET /_sandbox/ledger`` shows the uploads. All of it is JSON, for example
``{"faults": [{"kind": "status", "status": 503, "times": 2}], "parse_seconds": 5}``.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct, to_builtins
from msgspec.structs import replace

from watcher.sandbox.api import Reply, UnknownSource, reply
from watcher.sandbox.faults import Fault, Kind
from watcher.sandbox.profiles import References  # noqa: TC001 - msgspec reads it

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from watcher.sandbox.api import Api
    from watcher.sandbox.checks import Header
    from watcher.sandbox.faults import Faults
    from watcher.sandbox.samples import Source

_CALLS: Final = 100_000


class Record(Struct, frozen=True):
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


class Call(Struct, frozen=True):
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
        """Return every upload so far."""
        with self._changed:
            return tuple(self._records)

    def calls(self) -> tuple[Call, ...]:
        """Return the last requests of every kind, those to ``/_sandbox`` apart."""
        with self._changed:
            return tuple(self._calls)

    def wait_for(self, count: int, within: float) -> tuple[Record, ...]:
        """Return the records once ``count`` uploads have ended; TimeoutError after ``within`` s."""
        with self._changed:
            if self._changed.wait_for(lambda: self._ended >= count, within):
                return tuple(self._records)
            raise TimeoutError(
                f"after {within:g} s the sandbox has {len(self._records)} uploads, "
                f"{self._ended} of them ended"
            )

    def note(self, call: Call) -> None:
        """Record a request of any kind."""
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
        """Record what came to be known about an upload."""
        with self._changed:
            before = self._records[number - 1]
            self._records[number - 1] = after = replace(before, **changes)
            self._ended += after.ended - before.ended
            self._changed.notify_all()


PREFIX: Final = "/_sandbox/"
#: What a person sees who asks how it works.
_HELP: Final = f"{__doc__}\nKinds of faults: {', '.join(Kind)}\n"
_HOSTS: Final = frozenset({"127.0.0.1", "localhost"})


class _Webhook(msgspec.Struct, forbid_unknown_fields=True):
    """Where webhooks are sent to, "" for nowhere: to this machine only."""

    url: str
    secret: str

    def __post_init__(self) -> None:
        if self.url and urlsplit(self.url).hostname not in _HOSTS:
            raise ValueError("webhook.url has to lead to this machine")


class _Changes(msgspec.Struct, forbid_unknown_fields=True):
    """What can be set over HTTP: all of it attributes of the API, but for three."""

    faults: list[Fault] | msgspec.UnsetType = msgspec.UNSET
    webhook: _Webhook | msgspec.UnsetType = msgspec.UNSET
    #: By the source's key, some of its fields.
    sources: dict[str, dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    references: References | msgspec.UnsetType = msgspec.UNSET
    parse_seconds: Annotated[float, msgspec.Meta(ge=0)] | msgspec.UnsetType = msgspec.UNSET
    unparsable: str | msgspec.UnsetType = msgspec.UNSET
    unknown_source: UnknownSource | msgspec.UnsetType = msgspec.UNSET
    forbidden: list[str] | msgspec.UnsetType = msgspec.UNSET
    over_quota: bool | msgspec.UnsetType = msgspec.UNSET
    may_search: bool | msgspec.UnsetType = msgspec.UNSET
    later: bool | msgspec.UnsetType = msgspec.UNSET


#: Attributes of the API that are set and shown as they are.
_PLAIN: Final = tuple(
    name for name in _Changes.__struct_fields__ if name not in ("faults", "webhook", "sources")
)


class Control(Struct, frozen=True):
    """Answers requests below :data:`PREFIX`."""

    api: Api
    faults: Faults
    ledger: Ledger

    def answer(self, method: str, path: str, header: Header, body: bytes) -> Reply:
        """Answer a request, unless it comes from a page in a browser."""
        if (header("Host") or "").rpartition(":")[0] not in _HOSTS or header("Origin"):
            return reply(403, "Only for programs on this machine")
        match method, path.removeprefix(PREFIX):
            case "GET", "":
                return Reply(200, _HELP, media_type="text/plain; charset=utf-8")
            case "GET", "state":
                return reply(200, "State", data=self._state())
            case "GET", "ledger":
                return reply(200, "Ledger", data=list(map(to_builtins, self.ledger.records())))
            case "POST", "faults":
                return self._set(body)
            case _:
                return reply(404, f"Not found: {method} {path}")

    def _state(self) -> dict[str, Any]:
        return {
            "faults": self.faults.state(),
            **{name: getattr(self.api, name) for name in _PLAIN},
            "sources": list(map(to_builtins, self.api.sources)),
            "webhook": self.api.webhooks.url,
        }

    def _set(self, body: bytes) -> Reply:
        """Set all or, if anything is wrong, nothing."""
        try:
            wanted = msgspec.json.decode(body, type=_Changes)
            sources = _changed(self.api.sources, wanted.sources or {})
        except (ValueError, TypeError, RecursionError) as error:
            return reply(400, str(error))
        self.api.sources = sources
        for name in _PLAIN:
            if (value := getattr(wanted, name)) is not msgspec.UNSET:
                setattr(self.api, name, value)
        if wanted.webhook:
            self.api.webhooks.url = wanted.webhook.url
            self.api.webhooks.secret = wanted.webhook.secret
        if wanted.faults is not msgspec.UNSET:
            self.faults.set(*wanted.faults)
        return reply(200, "Set", data=self._state())


def _changed(
    sources: Sequence[Source], changes: Mapping[str, Mapping[str, Any]]
) -> tuple[Source, ...]:
    """Return the sources with these changes; ValueError or TypeError for what is not known."""
    if unknown := changes.keys() - {source.key for source in sources}:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    return tuple(replace(source, **changes.get(source.key, {})) for source in sources)
