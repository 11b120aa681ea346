"""Asks HrFlow, with a key, for the sources of an account."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from watcher.config.mistakes import SECRET, unfillable
from watcher.config.setup import looks_like_key, pick_source
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.errors import CredentialError, UnusableError
from watcher.routing.placeholders import BUILT_IN, names_in

if TYPE_CHECKING:
    from watcher.hrflow.inquiry import Source
    from watcher.model.settings import Account

#: What HrFlow calls the rights of a key that cannot upload.
_READ_ONLY = "read"


_WRITE_ONLY = "askw_"


@dataclass(frozen=True)
class Workspace:
    """The sources; or ``unseen``: why they are not known, as the end of a sentence."""

    sources: tuple[Source, ...] = ()
    team: str = ""
    unseen: Message = NOTHING

    def find(self, text: str, *, numbered: bool = False) -> tuple[str, str]:
        """(key, name) of the source that ``text`` means; UnusableError if there is none.

        A key that cannot be looked up is taken as it is, and so is one with placeholders.
        """
        if SECRET.search(text):
            raise UnusableError(msg("This is an API key, and not a source."), msg("Name a source."))
        unknown = next((name for name in names_in(text) if name not in BUILT_IN), "")
        if unknown:
            raise UnusableError(msg("{problem}.", problem=unfillable(unknown, BUILT_IN)))
        if "{" in text or (self.unseen and looks_like_key(text)):
            return text, ""
        if self.unseen:
            raise UnusableError(
                msg(
                    '"{value}" is no source key of 40 digits and letters a to f, and names cannot'
                    " be looked up {how}.",
                    value=text,
                    how=self.unseen,
                ),
                msg("Copy the source's key from HrFlow."),
            )
        found, why = pick_source(text, self.sources, numbered=numbered)
        if found is None:
            raise UnusableError(why)
        return found.key, found.name

    def warning(self, key: str) -> Message:
        """What somebody who chooses the source with this key should know, if anything."""
        source = next((each for each in self.sources if each.key == key), None)
        if source is None or not source.note:
            return NOTHING
        if source.is_archived or source.is_disabled:
            return msg(
                "{name} is {note}, which may refuse its uploads; put it back to use there, or"
                " choose"
                " another source.",
                name=source.name,
                note=source.note,
            )
        return msg(
            "{name} is in HrFlow's test environment, so what is uploaded there is not among your"
            " real candidates; choose another source unless you are testing.",
            name=source.name,
        )


#: What is known where HrFlow is not asked.
UNCHECKED: Final = Workspace(unseen=msg("without asking HrFlow"))


def ask_hrflow(account: Account, secret: str) -> Workspace:
    """Try a key and list its sources.

    CredentialError if HrFlow refuses it or it cannot upload, OfflineError without an answer. A
    write-only key cannot be tried.
    """
    from watcher.hrflow.inquiry import Inquiry  # noqa: PLC0415 - the network costs time

    if secret.startswith(_WRITE_ONLY):
        return Workspace(unseen=msg("with a write-only key"))
    with Inquiry(account, secret, time.monotonic) as inquiry:
        access = inquiry.access()
        if access.permission == _READ_ONLY:
            raise CredentialError(
                msg("This key may only read, so it cannot upload."),
                msg("Take one that may write from HrFlow's settings under API keys."),
            )
        return Workspace(inquiry.sources(), access.team)
