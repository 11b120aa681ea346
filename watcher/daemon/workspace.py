"""An account's workspace in HrFlow: its sources, and which one a person means."""

from __future__ import annotations

import difflib
import re
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.config.mistakes import SECRET, as_sentence, redacted, unfillable
from watcher.credentials import keys
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.errors import CredentialError, UnusableError
from watcher.routing.patterns import BUILT_IN, names_in

if TYPE_CHECKING:
    from watcher.hrflow.client import Source
    from watcher.model.settings import Account

#: The form that source keys have had so far; the API's documentation promises none.
_SOURCE_KEY: Final = re.compile(r"[0-9a-fA-F]{40}\Z")
#: The most sources that a message lists.
_LISTED: Final = 10


class Workspace(Struct, frozen=True):
    """An account's sources; ``unseen`` is why they are unknown, as the end of a sentence."""

    sources: tuple[Source, ...] = ()
    team: str = ""
    unseen: Message = NOTHING

    @property
    def names(self) -> dict[str, str]:
        """The names of the sources by their keys."""
        return {each.key: each.name for each in self.sources if each.name}

    def find(self, text: str, *, numbered: bool = False) -> tuple[str, str]:
        """Return (key, name) of the source that ``text`` means; UnusableError if there is none.

        ``text`` is its key or its name, or with ``numbered`` its number (from 1) in the list. A key
        that cannot be looked up is used as it is, and so is one with placeholders.
        """
        if SECRET.search(text):
            raise UnusableError(
                msg("This is an API key, not a source."),
                msg("Enter a source instead."),
                field="source",
            )
        if unknown := next((name for name in names_in(text) if name not in BUILT_IN), ""):
            raise UnusableError(as_sentence(unfillable(unknown, BUILT_IN)), field="source")
        if "{" in text or (self.unseen and looks_like_key(text)):
            return text, ""
        if self.unseen:
            said = msg(
                '"{value}" is not a source key (40 characters: digits and letters from a to f),'
                " and names can't be looked up {how}.",
                value=text,
                how=self.unseen,
            )
            hint = msg("Copy the source's key from HrFlow.")
            raise UnusableError(redacted(said), hint, field="source")
        return self._pick(text, numbered=numbered)

    def warning(self, key: str) -> Message:
        """Return what the person who chooses the source with this key should know, if anything."""
        source = next((each for each in self.sources if each.key == key), None)
        return source_warning(source) if source else NOTHING

    def _pick(self, text: str, *, numbered: bool) -> tuple[str, str]:
        found = [source for source in self.sources if source.key == text]
        if not found:
            found = [each for each in self.sources if each.name.casefold() == text.casefold()]
        if not found and numbered and text.isdecimal() and 1 <= int(text) <= len(self.sources):
            found = [self.sources[int(text) - 1]]
        if len(found) == 1:
            return found[0].key, found[0].name
        if not found:
            raise UnusableError(self._absent(text), field="source")
        said = msg(
            'There are {number} sources called "{value}"; use the key of the one you'
            " mean: {names}.",
            number=len(found),
            value=text,
            names=tuple(source.key for source in found),
        )
        raise UnusableError(said, field="source")

    def _absent(self, text: str) -> Message:
        """Return the sentence that there is no such source, and which ones may be meant."""
        names = {source.name.casefold(): source.name for source in self.sources}
        if near := difflib.get_close_matches(text.casefold(), names, 1):
            return msg(
                'This workspace has no source "{value}"; did you mean "{name}"?',
                value=text,
                name=names[near[0]],
            )
        if 0 < len(names) <= _LISTED:
            return msg(
                'This workspace has no source "{value}", only {names}.',
                value=text,
                names=tuple(sorted(names.values())),
            )
        return msg('This workspace has no source "{value}".', value=text)


def source_warning(source: Source) -> Message:
    """Return what the person who chooses a source should know; NOTHING if it is an ordinary one."""
    if source.is_archived or source.is_disabled:
        return msg(
            "{name} is {note} and may reject uploads; restore it there, or choose another source.",
            name=source.name or source.key,
            note=source.note,
        )
    if not source.is_test:
        return NOTHING
    return msg(
        "{name} is in HrFlow's test environment: what is uploaded there is not among your real"
        " candidates. Choose another source unless you are testing.",
        name=source.name or source.key,
    )


#: What is known without asking HrFlow.
UNCHECKED: Final = Workspace(unseen=msg("without asking HrFlow"))


def looks_like_key(text: str) -> bool:
    """Whether a text has the form of a source's key."""
    return _SOURCE_KEY.match(text) is not None


def ask_hrflow(account: Account, secret: str) -> Workspace:
    """Test a key and list its sources; a write-only key cannot be tested.

    CredentialError if HrFlow rejects it or it cannot upload, OfflineError without an answer,
    UnusableError if HrFlow says something else.
    """
    from watcher.hrflow.client import Inquiry  # noqa: PLC0415 - the network takes time to import

    if keys.is_write_only(secret):
        return Workspace(unseen=msg("with a write-only key"))
    with closing(Inquiry(account, secret, time.monotonic)) as inquiry:
        access = inquiry.access()
        if access.permission == "read":
            raise CredentialError(keys.READ_ONLY, keys.READ_ONLY_HINT, field="key")
        return Workspace(inquiry.sources(), access.team)
