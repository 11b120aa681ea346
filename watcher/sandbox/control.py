"""``/_sandbox``: the switches and the ledger over HTTP, for people and for other processes.

``GET /_sandbox/state`` and ``GET /_sandbox/ledger`` show, ``POST /_sandbox/faults`` sets::

    {"faults": [{"kind": "status", "status": 503, "retry_after": "5", "times": 2},
                {"kind": "cut_before_answer", "file_name": "*.pdf"}],
     "references": "late",
     "parse_seconds": 5,
     "unparsable": "*.bmp",
     "unknown_source": "Invalid source fields",
     "forbidden": ["a source's key"],
     "over_quota": true, "may_search": false, "later": true,
     "sources": {"a source's key": {"disable": true, "environment": "test"}},
     "webhook": {"url": "http://127.0.0.1:8790/webhook", "secret": "any text", "form": "body"}}

Each of them is optional; ``faults`` replaces all that were set, ``[]`` ends them. The fields
of a fault are those of ``watcher.sandbox.faults.Fault``, and ``state`` shows them all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from math import isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from watcher.sandbox.api import UNKNOWN_SOURCES, Reply, reply
from watcher.sandbox.faults import Kind, parse_fault
from watcher.sandbox.webhooks import FORMS
from watcher.sandbox.world import REFERENCES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.sandbox.api import Api
    from watcher.sandbox.checks import Header
    from watcher.sandbox.faults import Faults
    from watcher.sandbox.ledger import Ledger
    from watcher.sandbox.world import Source

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
