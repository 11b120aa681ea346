"""What a configuration says before it is changed, mistakes and all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.settings import AfterUpload

if TYPE_CHECKING:
    from watcher.settings import Item


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account as it is written; "" for what is not."""

    name: str
    email: str = ""
    api_url: str = ""


@dataclass(frozen=True, slots=True)
class KnownFolder:
    """A folder as it is written. ``place`` is where its path leads, links followed.

    ``account`` ("" if it is not written) and ``after_upload`` may come from the defaults; ``tags``
    are the folder's own.
    """

    path: str
    place: str
    source_key: str = ""
    account: str = ""
    tags: tuple[Item, ...] = ()
    after_upload: AfterUpload = AfterUpload.KEEP
    recursive: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """All accounts and folders, in the order of the file."""

    accounts: tuple[KnownAccount, ...] = ()
    folders: tuple[KnownFolder, ...] = ()

    def account(self, name: str) -> KnownAccount | None:
        """The account called ``name``."""
        return next((account for account in self.accounts if account.name == name), None)

    @property
    def only(self) -> str:
        """The only account's name, "" if there are none or several."""
        return self.accounts[0].name if len(self.accounts) == 1 else ""

    def number(self, place: str) -> int | None:
        """The number (from 0) of the folder at ``place``."""
        places = [folder.place for folder in self.folders]
        return places.index(place) if place in places else None
