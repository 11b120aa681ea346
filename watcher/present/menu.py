"""The tray's menu, from how things are at one moment.

Pure. The menu is a tree of values: an :class:`Act` says what a click means and somebody else does
it, so that the menu can be compared with the one that is shown, and drawn only if it differs.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from watcher.model.kinds import State
from watcher.model.lifecycle import existing_key
from watcher.present import view
from watcher.present.status import (
    asks,
    attention_files,
    headline,
    held_back,
    joined,
    keepers,
    troubled,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from watcher.i18n.message import Catalog
    from watcher.model.records import Entry
    from watcher.model.snapshot import Kept, Snapshot, Watched

#: Files listed of each kind; the activity page has the rest.
LISTED: Final = 10


#: Letters of a name, of a person's name and of a reason that are shown.
_NAME_LETTERS: Final = 40


_PERSON_LETTERS: Final = 30


_WHY_LETTERS: Final = 90


_SIGNS: Final[Mapping[str, str]] = MappingProxyType({"good": "✓", "busy": "…", "bad": "✗"})


class Verb(enum.StrEnum):
    """What a click can mean."""

    ACTIVITY = "activity"  # open the activity page, at the file in ``file_ids`` if there is one
    ATTENTION = "attention"  # open it at what needs attention
    SET_UP = "set_up"
    DOCTOR = "doctor"
    LOG = "log"
    ABOUT = "about"
    OPEN_FOLDER = "open_folder"  # ``path``: a folder, or a file to show in its folder
    RETRY = "retry"
    RETRY_ALL = "retry_all"  # all that needs attention or is held back, listed or not
    IGNORE = "ignore"
    TAKE = "take"  # upload the files below ``path`` that were there first
    RELEASE = "release"  # try again what a cause keeps back; ``key`` says which
    PAUSE_AN_HOUR = "pause_an_hour"
    PAUSE_UNTIL_TOMORROW = "pause_until_tomorrow"
    PAUSE = "pause"
    RESUME = "resume"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Act:
    """What a click means, and for what."""

    verb: Verb
    file_ids: tuple[int, ...] = ()
    path: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the menu: it does ``act``, or opens ``items``, or only tells.

    ``is_default``: what a click on the icon itself does. A line without text parts groups.
    """

    text: str
    act: Act | None = None
    items: tuple[Item, ...] = ()
    is_default: bool = False

    @property
    def is_enabled(self) -> bool:
        """Whether a click does anything."""
        return self.act is not None or bool(self.items)


PART: Final = Item("")


# --- The menu ---------------------------------------------------------------------------------


def menu(snapshot: Snapshot, word: Catalog) -> tuple[Item, ...]:
    """The whole menu. Its first line says it all, and is what a click on the icon does."""
    first = Act(Verb.ACTIVITY if snapshot.is_set_up else Verb.SET_UP)
    lines = [Item(headline(snapshot, word), first, is_default=True)]
    lines.append(PART)
    if snapshot.is_set_up:
        lines += [_recent(snapshot, word), *_attention(snapshot, word), *_existing(snapshot, word)]
        lines += [PART, *_pausing(snapshot, word), *_folders(snapshot, word), PART]
    lines += [
        Item(word("Activity"), Act(Verb.ACTIVITY)),
        Item(word("Set up…"), Act(Verb.SET_UP)),
        _help(snapshot, word),
        PART,
        Item(word("Quit"), Act(Verb.QUIT)),
    ]
    return tuple(lines)


def _recent(snapshot: Snapshot, word: Catalog) -> Item:
    files = tuple(
        Item(_file_line(entry), Act(Verb.ACTIVITY, (entry.file_id,)))
        for entry in snapshot.recent[:LISTED]
    )
    return Item(word("Recent"), items=files or (Item(word("Nothing yet")),))


def _file_line(entry: Entry) -> str:
    """A line like "✓ jane.pdf · Jane Doe → Engineering"; the source's key until it has a name."""
    display = view.STATES[entry.state]
    sign = "…" if entry.state is State.HELD else _SIGNS.get(display.tone, display.sign)
    person = cut(entry.profile_name, _PERSON_LETTERS)
    named = cut(entry.source_name, _PERSON_LETTERS)
    source = named or cut(view.short(entry.source_key), _PERSON_LETTERS)
    source = f" → {source}" if source else ""
    return f"{sign} {joined(cut(view.name(entry), _NAME_LETTERS), person)}{source}"


def _attention(snapshot: Snapshot, word: Catalog) -> Iterable[Item]:
    """What needs attention, if anything does; each with its reason and what can be done."""
    files = [_attention_file(entry, word) for entry in snapshot.attention[:LISTED]]
    causes = [_attention_cause(kept, word) for kept in keepers(snapshot) if not asks(kept)]
    folders = [_attention_folder(folder, word) for folder in troubled(snapshot)]
    total = attention_files(snapshot)
    more = []
    if total > len(files):
        text = word("{files:count} more…", files=total - len(files))
        more.append(Item(text, Act(Verb.ATTENTION)))
    if total > 1:
        more += [PART, Item(word("Retry all"), Act(Verb.RETRY_ALL))]
    items = (*causes, *folders, *files, *more)
    if items:
        yield Item(word("Needs attention"), items=items)


def _attention_file(entry: Entry, word: Catalog) -> Item:
    this = (entry.file_id,)
    return Item(
        f"✗ {cut(view.name(entry), _NAME_LETTERS)}",
        items=(
            Item(cut(word(entry.why), _WHY_LETTERS) or word("No reason was given")),
            PART,
            Item(word("Retry"), Act(Verb.RETRY, this)),
            Item(word("Open folder"), Act(Verb.OPEN_FOLDER, path=entry.filed_to or entry.path)),
            Item(word("Ignore"), Act(Verb.IGNORE, this)),
        ),
    )


def _attention_cause(kept: Kept, word: Catalog) -> Item:
    why = Item(cut(word(kept.why), _WHY_LETTERS))
    retry = Item(word("Try again now"), Act(Verb.RELEASE, key=kept.key))
    held = held_back(kept.files, word)
    return Item(f"✗ {held}", items=(why, PART, retry, Item(word("Set up…"), Act(Verb.SET_UP))))


def _attention_folder(folder: Watched, word: Catalog) -> Item:
    why = Item(cut(word(folder.problem), _WHY_LETTERS))
    where = Item(word("Open folder"), Act(Verb.OPEN_FOLDER, path=folder.path))
    return Item(f"✗ {_folder_name(folder.path)}", items=(why, PART, where))


def _existing(snapshot: Snapshot, word: Catalog) -> Iterable[Item]:
    """Files that wait for a yes; saying it takes a second click, as it may cost money."""
    asking = {kept.key: kept for kept in keepers(snapshot) if asks(kept)}
    yes = tuple(
        Item(_take_line(kept.files, folder.path, word), Act(Verb.TAKE, path=folder.path))
        for folder in snapshot.watched
        if (kept := asking.get(existing_key(folder.path))) is not None
    )
    if yes:
        yield Item(word("Upload existing files…"), items=yes)


def _take_line(files: int, path: str, word: Catalog) -> str:
    return word.plural(
        "Yes, upload 1 file of {folder}",
        "Yes, upload {count:count} files of {folder}",
        files,
        folder=_folder_name(path),
    )


def _pausing(snapshot: Snapshot, word: Catalog) -> Iterable[Item]:
    if snapshot.paused_until > snapshot.at:
        return (Item(word("Resume"), Act(Verb.RESUME)),)
    return (
        Item(
            word("Pause"),
            items=(
                Item(word("For 1 hour"), Act(Verb.PAUSE_AN_HOUR)),
                Item(word("Until tomorrow"), Act(Verb.PAUSE_UNTIL_TOMORROW)),
                Item(word("Until resumed"), Act(Verb.PAUSE)),
            ),
        ),
    )


def _folders(snapshot: Snapshot, word: Catalog) -> Iterable[Item]:
    folders = tuple(
        Item(
            ("✗ " if folder.problem else "") + _folder_name(folder.path),
            Act(Verb.OPEN_FOLDER, path=folder.path),
        )
        for folder in snapshot.watched
    )
    if folders:
        yield Item(word("Open folder"), items=folders)


def _help(snapshot: Snapshot, word: Catalog) -> Item:
    about = word("About hrflow-watcher {version}", version=snapshot.version)
    return Item(
        word("Help"),
        items=(
            Item(word("Look for problems"), Act(Verb.DOCTOR)),
            Item(word("Show the log"), Act(Verb.LOG)),
            Item(about.strip(), Act(Verb.ABOUT)),
        ),
    )


# --- Texts ------------------------------------------------------------------------------------


def cut(text: str, letters: int) -> str:
    """Return ``text`` as it may be shown, without its middle if it is longer than ``letters``."""
    text = view.safe(text)
    if len(text) <= letters:
        return text
    tail = letters // 3
    return f"{text[: letters - tail - 1].rstrip()}…{text[-tail:].lstrip()}"


def _folder_name(path: str) -> str:
    """A folder's last two parts: many are called the same."""
    parts = [part for part in path.replace("\\", "/").split("/") if part]
    return cut("/".join(parts[-2:]) or path, _NAME_LETTERS)
