"""What a configuration says before it is changed, mistakes and all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.names import compose
from watcher.settings import AfterUpload

if TYPE_CHECKING:
    from collections.abc import Collection

    from watcher.settings import Item


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account as it is written; "" for what is not. ``locked`` are keys that stay so."""

    name: str
    email: str = ""
    api_url: str = ""
    locked: Collection[str] = frozenset()


@dataclass(frozen=True, slots=True)
class KnownFolder:
    """A folder as it is written. ``place`` is where its path leads, links followed.

    ``account`` ("" if it is not written) and ``after_upload`` may come from the defaults; ``tags``
    are the folder's own, and ``given`` those of them that the machine-wide configuration has.
    ``is_machine``: it stands there alone. ``locked`` are keys that stay as they are.
    """

    path: str
    place: str
    source_key: str = ""
    account: str = ""
    tags: tuple[Item, ...] = ()
    after_upload: AfterUpload = AfterUpload.KEEP
    recursive: bool = True
    given: tuple[Item, ...] = ()
    is_machine: bool = False
    locked: Collection[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """All accounts and folders, in the order of the file; those of the machine alone come last.

    ``source_key`` is that of the defaults. ``machine`` is the path of the machine-wide
    configuration, "" if there is none; ``locked`` what it locks of every folder, and
    ``has_locked_folders`` says that there can be no others.
    """

    accounts: tuple[KnownAccount, ...] = ()
    folders: tuple[KnownFolder, ...] = ()
    source_key: str = ""
    machine: str = ""
    locked: Collection[str] = frozenset()
    has_locked_folders: bool = False

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
        if place not in places:  # an accent may be written otherwise
            place, places = compose(place), [compose(each) for each in places]
        return places.index(place) if place in places else None
