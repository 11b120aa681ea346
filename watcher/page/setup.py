"""The last step of the set-up: a made-up CV is sent, and one sees what becomes of it."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watcher.config.mistakes import redacted
from watcher.config.setup import (
    Answers,
    DropFolder,
    FolderAnswer,
    TagError,
    find_problems,
    parse_tags,
    write_tags,
)
from watcher.credentials import Keys, SystemKeyring, elsewhere, keys
from watcher.daemon.accounts import UNCHECKED, ask_hrflow
from watcher.daemon.editing import Editor, make_folder, what_stays, without_absent
from watcher.daemon.instance import Places
from watcher.daemon.login_service import LoginService
from watcher.daemon.sample import can_drop_sample, drop_sample, sample_path
from watcher.i18n.message import NOTHING, msg
from watcher.model.errors import CredentialError, UsageError, WatcherError
from watcher.model.lifecycle import ARRIVED, OPEN
from watcher.model.settings import AfterUpload
from watcher.model.snapshot import AppState
from watcher.pipeline.messages import Resume
from watcher.present import view
from watcher.present.status import app_state, headline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.daemon.core import App
    from watcher.i18n.message import Catalog, Message
    from watcher.model.records import Entry
    from watcher.page.actions import Control
    from watcher.page.activity import Activity

    SampleOrder = Mapping[str, Any]

    Order = Mapping[str, Any]


@dataclass(frozen=True)
class Sample:
    """Drops the same CV as ``setup`` in a terminal, by the same code."""

    app: App
    activity: Activity

    def places(self) -> list[str]:
        """The folders that it can be put into, those that are watched; [] if there is none."""
        return [view.safe(each.path) for each in self.app.snapshot().watched if can_drop_sample()]

    def drop(self, order: SampleOrder) -> dict[str, object]:
        """Put it into the watched ``folder``; gives what :meth:`look` wants to know.

        UnusableError if that fails. One that lies there already is left as it is.
        """
        folder = self._folder(order)
        since = 0.0 if os.path.lexists(sample_path(folder)) else time.time()
        return {"folder": view.safe(folder), "path": drop_sample(folder), "since": since}

    def look(self, order: SampleOrder) -> dict[str, object]:
        """What has become of the one at ``path`` ``since`` then; ``file`` is None until noticed."""
        since = order.get("since")
        if isinstance(since, bool) or not isinstance(since, int | float):
            raise UsageError(msg("A time is a number of seconds."))
        entry = self._find(self._folder(order), str(order.get("path")), since)
        if entry is None:
            return {"file": None, "over": False, "arrived": False}
        snapshot = self.app.snapshot()
        waits = entry.state in OPEN and app_state(snapshot) is not AppState.WORKING
        return {
            "file": self.activity.file(entry.file_id),
            "over": entry.state not in OPEN,
            "arrived": entry.state in ARRIVED,
            "waits": headline(snapshot, self.activity.word) if waits else "",
        }

    def _find(self, folder: str, path: str, since: float) -> Entry | None:
        query = {"text": os.path.basename(path), "folder": folder}
        found = self.activity.matching(query)
        fits = (
            each
            for some in found
            for each in some
            if each.path == path and each.changed_at >= since
        )
        return next(fits, None)

    def _folder(self, order: SampleOrder) -> str:
        wanted = order.get("folder")
        for each in self.app.snapshot().watched:
            if view.safe(each.path) == wanted:
                return each.path
        raise UsageError(msg("This folder is not watched."))


_log = logging.getLogger(__name__)


#: What is proposed where nothing is set up yet.
_FIRST_FOLDER = "~/CVs"


@dataclass(frozen=True)
class Setting:
    """Changes the configuration at ``config``, which the program takes up by itself."""

    app: App
    control: Control
    config: str
    state: str
    environ: Mapping[str, str]
    word: Catalog

    def known(self) -> dict[str, object]:
        """What is there already, to be proposed."""
        editor = self._editor()
        accounts = [
            {
                "name": each.name, "email": each.email, "api_url": each.api_url,
                "locked": sorted(each.locked),
            }
            for each in editor.known.accounts
        ]  # fmt: skip
        folders = [
            {
                "path": view.safe(each.path),
                "source": each.source_key,
                "tags": write_tags(each.tags),
                "after_upload": each.after_upload.value,
                "is_machine": each.is_machine,
                "locked": sorted(each.locked),
            }
            for each in editor.known.folders
        ]
        return {
            "config": view.safe(editor.path),
            "accounts": accounts or [{"name": "default", "email": "", "api_url": ""}],
            "folders": folders or [
                {"path": _FIRST_FOLDER, "source": "", "tags": "", "after_upload": "keep"}
            ],
            "is_new": not accounts,
            "machine": view.safe(editor.known.machine),
            "locked": sorted(editor.known.locked),
            "has_locked_folders": editor.known.has_locked_folders,
            "unkept": self._unkept(editor.known.accounts[0].name if accounts else "default"),
            "at_login": self._is_at_login(),
        }  # fmt: skip

    def try_key(self, order: Order) -> dict[str, object]:
        """Ask HrFlow whose key it is, and which sources there are.

        Without a ``key`` the stored one is taken. Errors are those of ``ask_hrflow``.
        """
        editor = self._editor()
        name, email = _text(order, "account"), _text(order, "email")
        wrong = find_problems(Answers(name, email or None), editor.known)
        if texts := [text for answer, text in wrong if answer == "email"]:
            raise UsageError(redacted(texts[0]))
        editor.refuse_locked(Answers(name, email or None, _text(order, "api_url") or None))
        account = editor.account(name, email, _text(order, "api_url"))
        space = ask_hrflow(account, self._key(order, account.name))
        sources = [
            {"key": view.safe(each.key), "name": view.safe(each.name), "note": self.word(each.note)}
            for each in space.sources
        ]
        return {
            "team": view.safe(space.team),
            "sources": sources,
            "unseen": self.word(space.unseen),
        }

    def propose(self, order: Order) -> dict[str, object]:
        """What would be written, as a difference; errors for what makes no sense."""
        editor = self._editor()
        text, warnings = editor.propose(editor.plan(self._answers(editor, order)))
        said = [view.safe(self.word(each)) for each in without_absent(warnings)]
        return {"difference": editor.difference(text), "warnings": said}

    def save(self, order: Order) -> dict[str, object]:
        """Write it: the key first; if the keyring refuses it, nothing else has happened.

        Without a keyring all but the key is set up; ``unkept`` says so, and where the key goes.
        """
        editor = self._editor()
        answers = self._answers(editor, order)
        text, warnings = editor.propose(editor.plan(answers))
        typed = _text(order, "key")
        key = keys.clean(typed) if typed else ""
        unkept = self._unkept(answers.account) if key else ""
        if key and not unkept:
            self._keyring().write(answers.account, key)
        for folder in answers.folders:
            if not os.path.lexists(folder.place):
                make_folder(folder.place)
        if text != editor.text:
            os.makedirs(os.path.dirname(editor.path), exist_ok=True)
            editor.write(text)
        problem = self._reload()
        self.app.post(Resume())
        if order.get("at_login") is True and not problem:
            self._start_at_login()
        missing = unkept if unkept and not self._is_there(answers.account, key) else ""
        said = [] if problem else [view.safe(self.word(each)) for each in without_absent(warnings)]
        return {"problem": problem, "warnings": said, "unkept": missing}

    def leave(self, order: Order) -> dict[str, object]:
        """Watch a ``folder`` no more if somebody is ``sure``; else what that would change.

        Its settings alone are taken out: nothing else is, on the disk, in the file or in the
        journal. UnusableError if it is not watched.
        """
        editor = self._editor()
        at = editor.number(_text(order, "folder"))
        text, _ = editor.propose([DropFolder(at)])
        if order.get("sure") is not True:
            place = editor.known.folders[at].place
            stays = what_stays(Places(self.state), place, self.word)
            return {"difference": editor.difference(text), "stays": stays}
        editor.write(text)
        return {"problem": self._reload()}

    # -- inside

    def _reload(self) -> str:
        """Have the configuration used as it is now; what is wrong with it, "" if nothing is."""
        return "; ".join(view.safe(self.word(each)) for each in self.control.reload())

    def _editor(self) -> Editor:
        return Editor.open(self.config, self.state)

    def _login_service(self) -> LoginService:
        places = Places(self.state)
        home = os.path.expanduser("~")
        return LoginService(self.config, self.app.config, places, self.environ, home)

    def _is_at_login(self) -> bool:
        """Whether it starts at login; where the system does not say, it is not offered either."""
        try:
            return self._login_service().system.look() is not None
        except WatcherError as error:
            _log.info("it is not known whether it starts at login: %s", error)
            return True

    def _start_at_login(self) -> None:
        """From the next login on: this very program goes on meanwhile."""
        system = self._login_service().system
        if system.look() is None:
            system.install()

    def _keyring(self) -> SystemKeyring:
        return SystemKeyring(allow_insecure=self.app.config.allow_insecure_keyring)

    def _unkept(self, account: str) -> str:
        """Why a key is not kept on this machine and where it goes instead; "" if it is kept."""
        why = self._keyring().why_not()
        if not why:
            return ""
        why, origin = view.safe(self.word(why)), self._origin(account)
        if origin:
            return self.word(
                "{why} The key comes from {origin}: another one goes there, and then start the"
                " program anew.",
                why=why,
                origin=self.word(origin),
            )
        return self.word(
            "{why} Put the key into {place}, and start the program anew.",
            why=why,
            place=self.word(elsewhere(account)),
        )

    def _origin(self, account: str) -> Message:
        """Where the account's key comes from, being in no keyring; nothing if there is none."""
        keys = Keys(self.environ)
        try:
            return keys.origin(account)
        except CredentialError:
            return NOTHING
        finally:
            keys.close()

    def _is_there(self, account: str, key: str) -> bool:
        """Whether the program finds this key without a keyring."""
        try:
            return self._key({}, account) == key
        except CredentialError:
            return False

    def _key(self, order: Order, account: str) -> str:
        if typed := _text(order, "key"):
            return keys.clean(typed)
        store = Keys(self.environ)
        try:
            return store.get(account)
        finally:
            store.close()

    def _answers(self, editor: Editor, order: Order) -> Answers:
        folders = order.get("folders")
        if not isinstance(folders, list):
            raise UsageError(msg("A folder to watch is missing."))
        answers = Answers(
            _text(order, "account") or "default",
            _text(order, "email"),
            _text(order, "api_url") or None,
            tuple(_folder(editor, each) for each in folders),
        )
        if problems := find_problems(answers, editor.known):
            said = (view.safe(self.word(redacted(text))) for _, text in problems)
            raise UsageError(" ".join(said))
        return answers


def _folder(editor: Editor, said: object) -> FolderAnswer:
    if not isinstance(said, dict):
        raise UsageError(msg("A folder to watch is missing."))
    path = _text(said, "path") or _FIRST_FOLDER
    if not (os.path.isabs(path) or path.startswith(("~", "$", "%"))):
        raise UsageError(
            msg("{path} is not a whole path.", path=view.safe(path)), msg("Begin with / or ~.")
        )
    drawn = _text(said, "drawn")
    if drawn and not editor.is_watched(drawn):  # given up meanwhile, here or elsewhere
        raise UsageError(
            msg("{path} is not watched any more.", path=view.safe(drawn)),
            msg("Load this page again."),
        )
    written, place = editor.place(path)
    key, name = _text(said, "source") or None, _text(said, "source_name")
    if key and not name:  # typed, and not chosen from HrFlow's list
        key, name = UNCHECKED.find(key)
    try:
        tags = parse_tags(_text(said, "tags"))
        after = AfterUpload(_text(said, "after_upload") or "keep")
    except TagError as error:
        raise UsageError(error.message, msg("Write tags like: office=Paris")) from error
    except ValueError as error:
        raise UsageError(msg("{error}.", error=error)) from error
    return FolderAnswer(written, place, key, name, tags, after)


def _text(order: Order, name: str) -> str:
    value = order.get(name) or ""
    if not isinstance(value, str) or len(value) > 4000:
        raise UsageError(msg("{key} is a short text.", key=name))
    return value.strip()
