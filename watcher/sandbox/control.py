"""``/_sandbox``: the switches and the ledger over HTTP, for people and for other processes.

``GET /_sandbox/state`` and ``GET /_sandbox/ledger`` show, ``POST /_sandbox/faults`` sets::

    {"faults": [{"kind": "status", "status": 503, "retry_after": "5", "times": 2},
                {"kind": "cut_before_answer", "file_name": "*.pdf"}],
     "references": "late",
     "parse_seconds": 5,
     "unparsable": "*.bmp",
     "webhook": {"url": "http://127.0.0.1:8790/webhook", "secret": "any text"}}

Each of them is optional; ``faults`` replaces all that were set, ``[]`` ends them. The fields
of a fault are those of ``watcher.sandbox.faults.Fault``, and ``state`` shows them all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from watcher.sandbox.api import Reply, reply
from watcher.sandbox.faults import Kind, parse_fault
from watcher.sandbox.world import REFERENCES

if TYPE_CHECKING:
    from watcher.sandbox.api import Api
    from watcher.sandbox.checks import Header
    from watcher.sandbox.faults import Faults
    from watcher.sandbox.ledger import Ledger

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
        return {
            "faults": self._faults.state(),
            "references": self._api.references,
            "parse_seconds": self._api.parse_seconds,
            "unparsable": self._api.unparsable,
            "webhook": self._api.webhooks.url if self._api.webhooks else "",
        }

    def _set(self, body: bytes) -> Reply:
        """Set all or, if anything is wrong, nothing."""
        try:
            wanted = self._parse(body)
        except (ValueError, TypeError, RecursionError) as error:
            return reply(400, str(error))
        self._api.references = wanted["references"]
        self._api.parse_seconds = wanted["parse_seconds"]
        self._api.unparsable = wanted.get("unparsable", self._api.unparsable)
        if "webhook" in wanted and self._api.webhooks:
            self._api.webhooks.url = wanted["webhook"]["url"]
            self._api.webhooks.secret = wanted["webhook"]["secret"]
        if "faults" in wanted:
            self._faults.set(*wanted["faults"])
        return reply(200, "Set", data=self._state())

    def _parse(self, body: bytes) -> dict[str, Any]:
        values = json.loads(body)
        if not isinstance(values, dict):
            raise ValueError("expected an object")  # noqa: TRY004 - wrong JSON, not a bug
        state = {"references": self._api.references, "parse_seconds": self._api.parse_seconds}
        wanted = {**state, **values}
        if unknown := wanted.keys() - {*state, "faults", "unparsable", "webhook"}:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        if wanted["references"] not in REFERENCES:
            raise ValueError(f"references has to be one of {', '.join(REFERENCES)}")
        seconds = wanted["parse_seconds"]
        if not isinstance(seconds, int | float) or not isfinite(seconds) or seconds < 0:
            raise ValueError("parse_seconds has to be a number of seconds")
        if not isinstance(wanted.get("unparsable", ""), str):
            raise ValueError("unparsable has to be a glob of file names")  # noqa: TRY004 - likewise
        _check_webhook(wanted.get("webhook", _NO_WEBHOOK))
        if "faults" in wanted:
            wanted["faults"] = list(map(parse_fault, wanted["faults"]))
        return wanted


def _check_webhook(value: Any) -> None:
    """ValueError if it is none; it may lead nowhere but to this machine."""
    is_whole = isinstance(value, Mapping) and value.keys() == {"url", "secret"}
    if not is_whole or not all(isinstance(each, str) for each in value.values()):
        raise ValueError("webhook has to be an object with url and secret")
    if value["url"] and urlsplit(value["url"]).hostname not in _HOSTS:
        raise ValueError("webhook.url has to lead to this machine")
