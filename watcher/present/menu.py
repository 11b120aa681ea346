"""What the icon shows: its state, its tooltip and its menu.

Pure. The menu is a tree of values, so that it can be compared with the one that is shown, sent to
another process, and drawn only if it differs. What an :class:`Action` does is in
:mod:`watcher.daemon.desktop`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from watcher.model.kinds import State
from watcher.model.lifecycle import existing_key
from watcher.model.snapshot import AppState  # noqa: TC001 - msgspec reads the annotation
from watcher.present import view
from watcher.present.status import (
    active_holds,
    app_state,
    attention_files,
    broken_folders,
    headline,
    held_back,
    needs_approval,
)
from watcher.sniff.bundles import document_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from watcher.i18n.message import Catalog, Message
    from watcher.model.records import Entry
    from watcher.model.snapshot import ActiveHold, Snapshot, Watched

#: How many of the latest files, and of those that need attention, the menu lists.
_RECENT: Final = 5
_LISTED: Final = 10

#: How many characters of a name, of a person's name and of a reason are shown.
_NAME_LETTERS: Final = 40
_PERSON_LETTERS: Final = 30
_WHY_LETTERS: Final = 90
_SIGNS: Final[Mapping[str, str]] = MappingProxyType({"good": "✓", "busy": "…", "bad": "✗"})


class Verb(enum.StrEnum):
    """What a click does."""

    ACTIVITY = "activity"  # open the activity page, at the first of ``file_ids`` if there is one
    ATTENTION = "attention"  # open the page at what needs attention
    SET_UP = "set_up"
    ADD_FOLDER = "add_folder"
    HELP = "help"
    DOCTOR = "doctor"
    LOG = "log"
    ABOUT = "about"
    OPEN_FOLDER = "open_folder"  # ``path``: a folder, or a file to show in its folder
    RETRY = "retry"
    RETRY_ALL = "retry_all"  # all that needs attention or is held back, listed or not
    IGNORE = "ignore"
    APPROVE = "approve"  # upload the files below ``path`` that existed before it was watched
    RELEASE = "release"  # try again what the cause ``key`` holds back
    PAUSE_AN_HOUR = "pause_an_hour"
    PAUSE_UNTIL_TOMORROW = "pause_until_tomorrow"
    PAUSE = "pause"
    RESUME = "resume"
    SNOOZE_AN_HOUR = "snooze_an_hour"  # show no notifications for that long
    SNOOZE_UNTIL_TOMORROW = "snooze_until_tomorrow"
    SNOOZE = "snooze"
    UNSNOOZE = "unsnooze"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Action:
    """What a click does, and with what."""

    verb: Verb
    file_ids: tuple[int, ...] = ()
    path: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of the menu: it does ``action``, opens ``items``, or only shows ``text``.

    ``is_default``: a click on the icon itself does the same. Without a text it is a separator.
    """

    text: str
    action: Action | None = None
    items: tuple[Item, ...] = ()
    is_default: bool = False

    @property
    def is_enabled(self) -> bool:
        """Whether a click does anything."""
        return self.action is not None or bool(self.items)


SEPARATOR: Final = Item("")


@dataclass(frozen=True, slots=True)
class IconView:
    """All that the icon shows; ``state`` decides on the drawing."""

    state: AppState
    tooltip: str
    menu: tuple[Item, ...]


def icon_view(snapshot: Snapshot, word: Catalog) -> IconView:
    """Return what the icon shows for a snapshot."""
    tooltip = f"hrflow-watcher · {headline(snapshot, word)}"
    return IconView(app_state(snapshot), tooltip, menu(snapshot, word))


def menu(snapshot: Snapshot, word: Catalog) -> tuple[Item, ...]:
    """Return the whole menu. Its first entry is a summary, and what a click on the icon does."""
    first = Action(Verb.ACTIVITY if snapshot.is_set_up else Verb.SET_UP)
    lines = [
        Item(headline(snapshot, word), first, is_default=True),
        Item(word("Open activity"), Action(Verb.ACTIVITY)),
        SEPARATOR,
    ]
    if snapshot.is_set_up:
        lines += [*_recent(snapshot, word), SEPARATOR]
        if needs := [*_attention(snapshot, word), *_approvals(snapshot, word)]:
            lines += [*needs, SEPARATOR]
        lines += [_pausing(snapshot, word), _snoozing(snapshot, word), SEPARATOR]
        lines += _folders(snapshot, word)
    lines += [
        Item(word("Set up…"), Action(Verb.SET_UP)),
        _help(snapshot, word),
        SEPARATOR,
        Item(word("Quit"), Action(Verb.QUIT)),
    ]
    return tuple(lines)


def _recent(snapshot: Snapshot, word: Catalog) -> list[Item]:
    files = [
        Item(_file_line(entry), Action(Verb.ACTIVITY, (entry.file_id,)))
        for entry in snapshot.recent[:_RECENT]
    ]
    return files or [Item(word("No files yet"))]


def _file_line(entry: Entry) -> str:
    """Return a line like "✓ Jane Doe → Engineering", with the file's name for one not known."""
    display = view.STATES[entry.state]
    sign = "…" if entry.state is State.HELD else _SIGNS.get(display.tone, display.sign)
    source = f" → {cut(entry.source_name, _PERSON_LETTERS)}" if entry.source_name else ""
    return f"{sign} {who(entry)}{source}"


def _attention(snapshot: Snapshot, word: Catalog) -> Iterable[Item]:
    """Yield "Needs attention (3)", if anything does: each with its reason and what can be done."""
    files = [_attention_file(entry, word) for entry in snapshot.attention[:_LISTED]]
    causes = [
        _attention_cause(hold, word) for hold in active_holds(snapshot) if not needs_approval(hold)
    ]
    folders = [_attention_folder(folder, word) for folder in broken_folders(snapshot)]
    total = attention_files(snapshot)
    more = []
    if total > len(files):
        text = word("Show {files:count} more…", files=total - len(files))
        more.append(Item(text, Action(Verb.ATTENTION)))
    if total > 1:
        more += [SEPARATOR, Item(word("Retry all"), Action(Verb.RETRY_ALL))]
    if count := total + len(causes) + len(folders):
        text = word("Needs attention ({count:count})", count=count)
        yield Item(text, items=(*causes, *folders, *files, *more))


def _attention_file(entry: Entry, word: Catalog) -> Item:
    this = (entry.file_id,)
    return Item(
        f"✗ {cut(view.name(entry), _NAME_LETTERS)}",
        items=(
            Item(_reason(entry.why, word) or word("No reason given")),
            SEPARATOR,
            Item(word("Retry"), Action(Verb.RETRY, this)),
            Item(
                word("Show file"),
                Action(Verb.OPEN_FOLDER, path=document_path(entry.filed_to or entry.path)),
            ),
            Item(word("Ignore"), Action(Verb.IGNORE, this)),
        ),
    )


def _attention_cause(hold: ActiveHold, word: Catalog) -> Item:
    return Item(
        f"✗ {held_back(hold.files, word)}",
        items=(
            Item(_reason(hold.why, word)),
            SEPARATOR,
            Item(word("Retry now"), Action(Verb.RELEASE, key=hold.key)),
            Item(word("Set up…"), Action(Verb.SET_UP)),
        ),
    )


def _attention_folder(folder: Watched, word: Catalog) -> Item:
    why = Item(_reason(folder.problem, word))
    where = Item(word("Open folder"), Action(Verb.OPEN_FOLDER, path=folder.path))
    return Item(f"✗ {folder_name(folder.path)}", items=(why, SEPARATOR, where))


def _approvals(snapshot: Snapshot, word: Catalog) -> Iterable[Item]:
    """Yield the approval of existing files: in a submenu, as the upload may cost money."""
    asking = {hold.key: hold for hold in active_holds(snapshot) if needs_approval(hold)}
    items = tuple(
        Item(_approval_line(hold.files, folder.path, word), Action(Verb.APPROVE, path=folder.path))
        for folder in snapshot.watched
        if (hold := asking.get(existing_key(folder.path))) is not None
    )
    if items:
        yield Item(word("Upload existing files…"), items=items)


def _approval_line(files: int, path: str, word: Catalog) -> str:
    return word.plural(
        "Upload 1 file from {folder}",
        "Upload {count:count} files from {folder}",
        files,
        folder=folder_name(path),
    )


def _pausing(snapshot: Snapshot, word: Catalog) -> Item:
    if snapshot.paused_until > snapshot.at:
        return Item(word("Resume uploads"), Action(Verb.RESUME))
    verbs = Verb.PAUSE_AN_HOUR, Verb.PAUSE_UNTIL_TOMORROW, Verb.PAUSE
    return _for_a_while(word("Pause uploads"), verbs, word("Until I resume"), word)


def _snoozing(snapshot: Snapshot, word: Catalog) -> Item:
    if snapshot.snoozed_until > snapshot.at:
        return Item(word("Show notifications again"), Action(Verb.UNSNOOZE))
    verbs = Verb.SNOOZE_AN_HOUR, Verb.SNOOZE_UNTIL_TOMORROW, Verb.SNOOZE
    return _for_a_while(word("Snooze notifications"), verbs, word("Until I turn them on"), word)


def _for_a_while(title: str, verbs: tuple[Verb, ...], for_good: str, word: Catalog) -> Item:
    texts = word("For 1 hour"), word("Until tomorrow"), for_good
    items = (Item(text, Action(verb)) for text, verb in zip(texts, verbs, strict=True))
    return Item(title, items=tuple(items))


def _folders(snapshot: Snapshot, word: Catalog) -> Iterable[Item]:
    yield Item(word("Add folder…"), Action(Verb.ADD_FOLDER))
    folders = tuple(
        Item(
            ("✗ " if folder.problem else "") + folder_name(folder.path),
            Action(Verb.OPEN_FOLDER, path=folder.path),
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
            Item(word("How it works"), Action(Verb.HELP)),
            Item(word("Check for problems"), Action(Verb.DOCTOR)),
            Item(word("Show log"), Action(Verb.LOG)),
            Item(about.strip(), Action(Verb.ABOUT)),
        ),
    )


# --- Texts ------------------------------------------------------------------------------------


def cut(text: str, letters: int) -> str:
    """Return ``text`` as it may be shown, its middle left out if it is too long."""
    text = view.safe(text)
    if len(text) <= letters:
        return text
    tail = letters // 3
    return f"{text[: letters - tail - 1].rstrip()}…{text[-tail:].lstrip()}"


def who(entry: Entry) -> str:
    """Return the candidate's name, or the file's while that is not known."""
    return cut(entry.profile_name, _PERSON_LETTERS) or cut(view.name(entry), _NAME_LETTERS)


def _reason(why: Message, word: Catalog) -> str:
    return cut(word(why), _WHY_LETTERS)


def folder_name(path: str) -> str:
    """Return the last two parts of a path, as many folders have the same name."""
    parts = [part for part in path.replace("\\", "/").split("/") if part]
    return cut("/".join(parts[-2:]) or path, _NAME_LETTERS)
