"""The setup: its form, the sample CV at its end, and the checks whose findings lead back to it.

The form's checks and edits are those of ``watcher.config.setup_plan``.
"""

from __future__ import annotations

import logging
import os
import time
from contextlib import closing
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, to_builtins

from watcher.config.editor import Editor
from watcher.config.edits import DropFolder
from watcher.config.setup_plan import (
    FIRST_FOLDER,
    Answers,
    FolderAnswer,
    check_after_upload,
)
from watcher.config.tags import read_tags, write_tags
from watcher.credentials import keys
from watcher.daemon.setup import (
    Changes,
    StoredKeys,
    can_drop_sample,
    drop_sample,
    find_missing,
    sample_path,
    save,
    what_stays,
)
from watcher.daemon.workspace import UNCHECKED, ask_hrflow
from watcher.i18n.message import msg
from watcher.model.errors import UsageError, WatcherError
from watcher.model.lifecycle import ARRIVED, OPEN
from watcher.model.snapshot import AppState
from watcher.pipeline.messages import NameSources, Resume
from watcher.present.status import app_state, headline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.daemon.core import App
    from watcher.daemon.login_service import LoginService
    from watcher.daemon.state_folder import Places
    from watcher.i18n.message import Catalog
    from watcher.page.actions import Control
    from watcher.page.activity import Activity

    Body = Mapping[str, Any]

_log = logging.getLogger(__name__)

#: Characters of the longest answer.
_LONGEST: Final = 4000


class Setup(Struct, frozen=True):
    """Changes the configuration at ``config``, which the program uses at once."""

    app: App
    control: Control
    config: str
    places: Places
    environ: Mapping[str, str]
    word: Catalog

    def known(self) -> dict[str, object]:
        """Return the current settings, which the form proposes."""
        editor = self._editor()
        configured = editor.configured
        accounts = [
            {**to_builtins(each), "locked": sorted(each.locked)} for each in configured.accounts
        ]
        folders = [
            {
                "path": each.path,
                "place": each.place,
                "account": each.account or configured.only,
                "source": each.source_key,
                "tags": write_tags(each.tags),
                "after_upload": each.after_upload.value,
                "is_machine": each.is_machine,
                "locked": sorted(each.locked),
            }
            for each in configured.folders
        ]
        first = configured.accounts[0].name if accounts else "default"
        return {
            "accounts": accounts or [{"name": "default", "email": "", "api_url": ""}],
            "folders": folders
            or [{"path": FIRST_FOLDER, "source": "", "tags": "", "after_upload": "keep"}],
            "is_new": not accounts,
            "locked": sorted(configured.locked),
            "has_locked_folders": configured.has_locked_folders,
            "not_stored": self.word(self._stored(editor).why_not_stored(first)),
            "at_login": self._is_at_login(),
        }

    def test_key(self, body: Body) -> dict[str, object]:
        """Ask HrFlow whose key it is, and which sources there are; their names are remembered.

        Without a ``key`` the stored one is tested. Errors are those of ``ask_hrflow``.
        """
        editor = self._editor()
        name, email, api_url = (_text(body, key) for key in ("account", "email", "api_url"))
        account = editor.account(Answers(name, email or None, api_url or None))
        key = _key(body) or self._stored(editor).find(account.name)[0]
        space = ask_hrflow(account, key)
        if space.names:
            self.app.post(NameSources(account.name, space.names))
        sources = [
            {"key": each.key, "name": each.name, "note": self.word(each.note)}
            for each in space.sources
        ]
        return {"team": space.team, "sources": sources, "unseen": self.word(space.unseen)}

    def propose(self, body: Body) -> dict[str, object]:
        """Return what would be written, as a difference; errors for what makes no sense."""
        editor = self._editor()
        text, warnings = editor.propose(editor.plan(_answers(editor, body)))
        return {"difference": editor.difference(text), "warnings": [*map(self.word, warnings)]}

    def save(self, body: Body) -> dict[str, object]:
        """Store the key, create the folders and write the configuration.

        Without a keyring everything but the key is set up; ``not_stored`` says where it goes.
        """
        editor = self._editor()
        answers = _answers(editor, body)
        text, warnings = editor.propose(editor.plan(answers))
        changes = Changes(answers, _key(body), tuple(find_missing(answers)), text)
        stored = self._stored(editor)
        not_stored = save(
            editor, changes, stored, stored.keyring().write, lambda done: _log.debug("%s", done)
        )
        problem = self._reload()
        self.app.post(Resume())
        if body.get("at_login") is True and not problem and not self._is_at_login():
            self._login_service().install()  # for the next login: this process keeps running
        return {
            "problem": problem,
            "warnings": [] if problem else [*map(self.word, warnings)],
            "not_stored": self.word(not_stored),
        }

    def leave(self, body: Body) -> dict[str, object]:
        """Stop watching a ``folder`` if the person is ``sure``, else return what that would change.

        Only its settings are removed. UnusableError if it is not watched.
        """
        editor = self._editor()
        at = editor.number(_text(body, "folder"))
        text, _ = editor.propose([DropFolder(at)])
        if body.get("sure") is not True:
            place = editor.configured.folders[at].place
            stays = what_stays(self.places, place, self.word)
            return {"difference": editor.difference(text), "stays": stays}
        editor.write(text)
        return {"problem": self._reload()}

    def edit_folder(self, body: Body) -> dict[str, object]:
        """Set ``source``, ``tags`` and ``after_upload`` of a watched ``folder``, in use at once.

        UnusableError if it is not watched, UsageError for what makes no sense.
        """
        editor = self._editor()
        known = editor.configured.folders[editor.number(_text(body, "folder"))]
        folder = _folder(editor, {**body, "path": known.path, "drawn": ""})
        account = known.account or editor.configured.only or "default"
        answers = Answers(account, folders=(folder,))
        try:
            text, warnings = editor.propose(editor.plan(answers))
        except WatcherError as error:
            error.field = error.field.removeprefix("folders.0.")
            raise
        editor.write(text)
        problem = self._reload()
        return {"problem": problem, "warnings": [] if problem else [*map(self.word, warnings)]}

    def start_at_login(self, _: Body) -> dict[str, object]:
        """Install the login service, or bring it up to date; WatcherError if that fails."""
        self._login_service().install()
        return {}

    # -- inside

    def _reload(self) -> str:
        """Have the configuration used as it is now; return what is wrong with it."""
        return "; ".join(self.word(each) for each in self.control.reload())

    def _editor(self) -> Editor:
        return Editor.open(self.config, self.places.state)

    def _stored(self, editor: Editor) -> StoredKeys:
        return StoredKeys(self.environ, editor.configured.allows_insecure_keyring)

    def _login_service(self) -> LoginService:
        from watcher.daemon.login_service import LoginService  # noqa: PLC0415 - takes memory

        home = os.path.expanduser("~")
        return LoginService(self.config, self.app.config, self.places, self.environ, home)

    def _is_at_login(self) -> bool:
        """Whether it starts at login; also where the system does not say: it is not offered."""
        try:
            return self._login_service().system.look() is not None
        except WatcherError as error:
            _log.info("it is not known whether it starts at login: %s", error)
            return True


def _answers(editor: Editor, body: Body) -> Answers:
    """Return what the form says, checked as far as one answer can be without the others."""
    folders = body.get("folders")
    if not isinstance(folders, list):
        raise UsageError(msg("A folder to watch is missing."), field="folders")
    found = []
    for number, said in enumerate(folders):
        try:
            found.append(_folder(editor, said))
        except WatcherError as error:
            error.field = f"folders.{number}.{error.field}"
            raise
    name, email, api_url = (_text(body, key) for key in ("account", "email", "api_url"))
    return Answers(name or "default", email, api_url or None, tuple(found))


def _folder(editor: Editor, said: object) -> FolderAnswer:
    if not isinstance(said, dict):
        raise UsageError(msg("A folder to watch is missing."), field="path")
    path = _text(said, "path") or FIRST_FOLDER
    if not (os.path.isabs(path) or path.startswith(("~", "$", "%"))):
        raise UsageError(
            msg("{path} is not a full path.", path=path), msg("Begin it with / or ~."), field="path"
        )
    drawn = _text(said, "drawn")
    if drawn and editor.find(drawn) is None:  # removed meanwhile, here or elsewhere
        raise UsageError(
            msg("{path} is no longer watched.", path=drawn),
            msg("Reload this page."),
            field="path",
        )
    written, place = editor.place(path)
    key, name = _text(said, "source") or None, _text(said, "source_name")
    if key and not name:  # typed, not chosen from HrFlow's list
        key, name = UNCHECKED.find(key)
    tags = read_tags(_text(said, "tags"))
    after = check_after_upload(_text(said, "after_upload") or "keep")
    return FolderAnswer(written, place, key, name, tags, after)


def _key(body: Body) -> str:
    """Return the key that was typed, "" for the stored one."""
    typed = _text(body, "key")
    return keys.clean(typed) if typed else ""


def _text(body: Body, name: str) -> str:
    value = body.get(name) or ""
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise UsageError(msg("{key} is not text, or is too long.", key=name), field=name)
    return value.strip()


class Sample(Struct, frozen=True):
    """The last step: a sample CV is uploaded, and the person sees what becomes of it."""

    app: App
    activity: Activity

    def places(self) -> list[str]:
        """Return the watched folders that it can be put into."""
        return [each.path for each in self.app.snapshot().watched if can_drop_sample()]

    def drop(self, body: Body) -> dict[str, object]:
        """Put it into the watched ``folder``; returns what :meth:`look` is to be asked with.

        UnusableError if that fails. One that is there already is left as it is.
        """
        folder = self._folder(body)
        since = 0.0 if os.path.lexists(sample_path(folder)) else time.time()
        return {"folder": folder, "path": drop_sample(folder), "since": since}

    def look(self, body: Body) -> dict[str, object]:
        """Return what became of the one that was put at ``path``, at ``since`` or later.

        ``file`` is None until it is noticed.
        """
        since = body.get("since")
        if isinstance(since, bool) or not isinstance(since, int | float):
            raise UsageError(msg("A time must be a number of seconds."))
        entry = self.activity.at(self._folder(body), str(body.get("path")))
        if entry is None or entry.changed_at < since:
            return {"file": None, "over": False, "arrived": False}
        snapshot = self.app.snapshot()
        waits = entry.state in OPEN and app_state(snapshot) is not AppState.WORKING
        return {
            "file": self.activity.file(entry.file_id),
            "over": entry.state not in OPEN,
            "arrived": entry.state in ARRIVED,
            "waits": headline(snapshot, self.activity.word) if waits else "",
        }

    def _folder(self, body: Body) -> str:
        wanted = body.get("folder")
        for each in self.app.snapshot().watched:
            if each.path == wanted:
                return each.path
        raise UsageError(msg("This folder is not watched."))


class Health(Struct, frozen=True):
    """The doctor's checks; ``environ`` is that of the program's start, keys included."""

    config: str
    places: Places
    environ: Mapping[str, str]
    word: Catalog

    def lines(self) -> dict[str, object]:
        """Return all findings; that takes some seconds, as HrFlow is asked too."""
        from watcher import doctor  # noqa: PLC0415 - only who asks for it needs it

        home = os.path.expanduser("~")
        with closing(doctor.Case(self.config, self.places, self.environ, home)) as case:
            lines = [
                {
                    "sign": doctor.LEVELS[finding.level].sign,
                    "tone": doctor.LEVELS[finding.level].tone,
                    "level": self.word(doctor.LEVELS[finding.level].label),
                    "label": self.word(check.label),
                    "about": check.about,
                    "text": self.word(finding.text),
                    "advice": self.word(advice),
                    "act": _act(check.name, check.about, finding.level),
                }
                for check, finding, advice in doctor.with_advice(doctor.examine(case))
            ]
        return {"lines": lines}


def _act(name: str, about: str, level: str) -> str:
    """Return what the page can do about the finding of the check ``name``, "" for nothing.

    "login" installs the login service, "open" opens the folder; "key", "folders" and "setup" lead
    to where a person changes it.
    """
    if level not in ("warning", "error"):
        return ""
    act = _ACTS.get(name, "")
    return "folders" if act == "open" and not os.path.isdir(about) else act


#: By the names of the doctor's checks.
_ACTS: Final = MappingProxyType(
    {
        "service": "login",
        "folder": "open",
        "events": "open",
        "key": "key",
        "access": "key",
        "source": "folders",
        "config": "setup",
    }
)
