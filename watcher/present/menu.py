"""What the icon shows: its state, its tooltip and its menu.

Pure. The menu is a tree of values, so that it can be compared with the one that is shown, sent to
another process, and drawn only if it differs.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field

from watcher.model.holds import burst_key, existing_key
from watcher.model.kinds import State
from watcher.model.lifecycle import OPEN
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

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from watcher.i18n.message import Catalog, Message
    from watcher.model.entries import Entry
    from watcher.model.snapshot import ActiveHold, Snapshot, Watched

#: How many of the latest files, and of those that need attention, the menu lists.
_RECENT: Final = 5
_LISTED: Final = 10

#: How many characters of a name, of a person's name and of a reason are shown.
_NAME_LETTERS: Final = 40
_PERSON_LETTERS: Final = 30
_WHY_LETTERS: Final = 90
#: States of files that are at their source, or on their way there.
_GOES_THERE: Final = OPEN | {State.ACCEPTED, State.PARSED}
_SIGNS: Final[Mapping[str, str]] = MappingProxyType({"good": "✓", "busy": "…", "bad": "✗"})


class Action(Struct, frozen=True):
    """What a click does: a request of the control API, with its body.

    Two are not of the API: "open" shows the activity page ``at`` a place, "log" opens the log.
    """

    request: str
    body: dict[str, Any] = field(default_factory=dict)


ACTIVITY: Final = Action("open")
ATTENTION: Final = Action("open", {"at": "attention"})
SET_UP: Final = Action("open", {"at": "setup"})
_HEALTH: Final = Action("open", {"at": "health"})

#: Seconds of the shortest pause, or snooze, that the menu offers.
_HOUR: Final = 3600


class MenuItem(Struct, frozen=True):
    """An entry of the menu: it does ``action``, opens ``items``, or only shows ``text``.

    ``is_default``: a click on the icon itself does the same. Without a text it is a separator.
    """

    text: str
    action: Action | None = None
    items: tuple[MenuItem, ...] = ()
    is_default: bool = False

    @property
    def is_enabled(self) -> bool:
        """Whether a click does anything."""
        return self.action is not None or bool(self.items)


SEPARATOR: Final = MenuItem("")


class IconView(Struct, frozen=True):
    """All that the icon shows; ``state`` decides on the drawing."""

    state: AppState
    tooltip: str
    menu: tuple[MenuItem, ...]


def icon_view(snapshot: Snapshot, word: Catalog) -> IconView:
    """Return what the icon shows for a snapshot."""
    tooltip = f"hrflow-watcher · {headline(snapshot, word)}"
    return IconView(app_state(snapshot), tooltip, menu(snapshot, word))


def menu(snapshot: Snapshot, word: Catalog) -> tuple[MenuItem, ...]:
    """Return the whole menu. Its first entry is a summary, and what a click on the icon does."""
    first = ACTIVITY if snapshot.is_set_up else SET_UP
    lines = [
        MenuItem(headline(snapshot, word), first, is_default=True),
        MenuItem(word("Open activity"), ACTIVITY),
        SEPARATOR,
    ]
    if snapshot.is_set_up:
        lines += [*_recent(snapshot, word), SEPARATOR]
        if needs := [*_attention(snapshot, word), *_approvals(snapshot, word)]:
            lines += [*needs, SEPARATOR]
        lines += [_pausing(snapshot, word), _snoozing(snapshot, word), SEPARATOR]
        lines += _folders(snapshot, word)
    lines += [
        MenuItem(word("Set up…"), SET_UP),
        _help(snapshot, word),
        SEPARATOR,
        MenuItem(word("Quit"), Action("stop")),
    ]
    return tuple(lines)


def _recent(snapshot: Snapshot, word: Catalog) -> list[MenuItem]:
    files = [
        MenuItem(_file_line(entry), Action("open", {"at": f"file/{entry.file_id}"}))
        for entry in snapshot.recent[:_RECENT]
    ]
    return files or [MenuItem(word("No files yet"))]


def _file_line(entry: Entry) -> str:
    """Return a line like "✓ Jane Doe → Engineering", with the file's name for one not known."""
    display = view.display(entry)
    sign = "…" if entry.state is State.HELD else _SIGNS.get(display.tone, display.sign)
    goes_there = entry.source_name and entry.state in _GOES_THERE
    source = f" → {cut(entry.source_name, _PERSON_LETTERS)}" if goes_there else ""
    return f"{sign} {who(entry)}{source}"


def _attention(snapshot: Snapshot, word: Catalog) -> Iterable[MenuItem]:
    """Yield "Needs attention (3)", if anything does: each with its reason and what can be done."""
    files = [_attention_file(entry, word) for entry in snapshot.attention[:_LISTED]]
    holds = [hold for hold in active_holds(snapshot) if not needs_approval(hold)]
    causes = [_attention_cause(hold, word) for hold in holds]
    folders = [_attention_folder(folder, word) for folder in broken_folders(snapshot)]
    total = attention_files(snapshot)
    more = []
    if total > len(files):
        text = word("Show {files:count} more…", files=total - len(files))
        more.append(MenuItem(text, ATTENTION))
    if total > 1:
        more += [SEPARATOR, MenuItem(word("Retry all"), Action("retry", {"all": True}))]
    held = sum(max(1, hold.files) for hold in holds)  # files, as in the headline, not causes
    if count := total + held + len(folders):
        text = word("Needs attention ({count:count})", count=count)
        yield MenuItem(text, items=(*causes, *folders, *files, *more))


def _attention_file(entry: Entry, word: Catalog) -> MenuItem:
    this = {"ids": [entry.file_id]}
    return MenuItem(
        f"✗ {cut(view.name(entry), _NAME_LETTERS)}",
        items=(
            MenuItem(_reason(entry.why, word) or word("No reason given")),
            SEPARATOR,
            MenuItem(word("Retry"), Action("retry", this)),
            MenuItem(word("Show file"), Action("show", this)),
            MenuItem(word("Ignore"), Action("ignore", this)),
        ),
    )


def _attention_cause(hold: ActiveHold, word: Catalog) -> MenuItem:
    return MenuItem(
        f"✗ {held_back(hold.files, word)}",
        items=(
            MenuItem(_reason(hold.why, word)),
            SEPARATOR,
            MenuItem(word("Retry now"), approving(hold)),
            MenuItem(word("Set up…"), SET_UP),
        ),
    )


def _attention_folder(folder: Watched, word: Catalog) -> MenuItem:
    why = MenuItem(_reason(folder.problem, word))
    where = MenuItem(word("Open folder"), Action("show", {"folder": folder.path}))
    return MenuItem(f"✗ {folder_name(folder.path)}", items=(why, SEPARATOR, where))


def _approvals(snapshot: Snapshot, word: Catalog) -> Iterable[MenuItem]:
    """Yield the approval of uploads: in a submenu, as they may cost money."""
    folders = {
        key(folder.path): folder.path
        for folder in snapshot.watched
        for key in (existing_key, burst_key)
    }
    asked = [
        (hold, folders.get(hold.key, "")) for hold in active_holds(snapshot) if needs_approval(hold)
    ]
    if asked:
        uploads = [MenuItem(_upload_line(*each, word), approving(each[0])) for each in asked]
        ignores = [MenuItem(_ignore_line(*each, word), ignoring(each[0])) for each in asked]
        show = MenuItem(word("Show files"), ATTENTION)
        yield MenuItem(
            word("Approve uploads…"), items=(*uploads, SEPARATOR, *ignores, SEPARATOR, show)
        )


def approving(hold: ActiveHold) -> Action:
    """Return the action that uploads the files that a cause holds."""
    return Action("retry", {"cause": hold.key})


def ignoring(hold: ActiveHold) -> Action:
    """Return the action that ignores these files."""
    return Action("ignore", {"cause": hold.key})


def _upload_line(hold: ActiveHold, path: str, word: Catalog) -> str:
    """Return what an approval uploads: of a folder, or without ``path`` of an account."""
    size = word.size(hold.size)
    if not path:
        return word.plural(
            "Upload 1 file above the monthly limit ({size})",
            "Upload {count:count} files above the monthly limit ({size})",
            hold.files,
            size=size,
        )
    return word.plural(
        "Upload 1 file from {folder} ({size})",
        "Upload {count:count} files from {folder} ({size})",
        hold.files,
        folder=folder_name(path),
        size=size,
    )


def _ignore_line(hold: ActiveHold, path: str, word: Catalog) -> str:
    """Return what is left out instead; see :func:`_upload_line`."""
    if not path:
        return word.plural(
            "Ignore 1 file above the monthly limit",
            "Ignore {count:count} files above the monthly limit",
            hold.files,
        )
    return word.plural(
        "Ignore 1 file from {folder}",
        "Ignore {count:count} files from {folder}",
        hold.files,
        folder=folder_name(path),
    )


def _pausing(snapshot: Snapshot, word: Catalog) -> MenuItem:
    if snapshot.paused_until > snapshot.at:
        return MenuItem(word("Resume uploads"), Action("resume"))
    return _for_a_while(word("Pause uploads"), "pause", word("Until I resume"), word)


def _snoozing(snapshot: Snapshot, word: Catalog) -> MenuItem:
    if snapshot.snoozed_until > snapshot.at:
        return MenuItem(word("Show notifications again"), Action("snooze", {"until": 0}))
    title, for_good = word("Snooze notifications"), word("Until I turn them back on")
    return _for_a_while(title, "snooze", for_good, word)


def _for_a_while(title: str, name: str, for_good: str, word: Catalog) -> MenuItem:
    return MenuItem(
        title,
        items=(
            MenuItem(word("For 1 hour"), Action(name, {"seconds": _HOUR})),
            MenuItem(word("Until tomorrow"), Action(name, {"until": "tomorrow"})),
            MenuItem(for_good, Action(name)),
        ),
    )


def _folders(snapshot: Snapshot, word: Catalog) -> Iterable[MenuItem]:
    yield MenuItem(word("Add folder…"), Action("open", {"at": "setup/another"}))
    folders = tuple(
        MenuItem(
            ("✗ " if folder.problem else "") + folder_name(folder.path),
            Action("show", {"folder": folder.path}),
        )
        for folder in snapshot.watched
    )
    if folders:
        yield MenuItem(word("Open folder"), items=folders)


def _help(snapshot: Snapshot, word: Catalog) -> MenuItem:
    about = word("About hrflow-watcher {version}", version=snapshot.version)
    return MenuItem(
        word("Help"),
        items=(
            MenuItem(word("How it works"), Action("open", {"at": "help"})),
            MenuItem(word("Check for problems"), _HEALTH),
            MenuItem(word("Show log"), Action("log")),
            MenuItem(about.strip(), _HEALTH),
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
