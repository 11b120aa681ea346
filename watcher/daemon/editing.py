"""What becomes of a folder's files when it is watched no more, in words for terminal and page."""

from __future__ import annotations

import difflib
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from watcher.config.edit import apply, read_or_new, replace_text
from watcher.config.known import find_account_mistakes, find_place, read_account, read_known
from watcher.config.load import load_text
from watcher.config.machine import MachineFile, find_layer
from watcher.config.paths import is_in
from watcher.config.setup import DropFolder, find_locked, plan_edits
from watcher.i18n.message import Message, msg, plural, sentences
from watcher.journal.reader import Reader
from watcher.model.errors import ConfigError, UnusableError, UsageError
from watcher.model.lifecycle import OPEN
from watcher.model.settings import replaced
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.config import Loaded
    from watcher.config.machine import Layer
    from watcher.config.setup import Answers, Edit, Known
    from watcher.daemon.instance import Places
    from watcher.i18n.message import Catalog
    from watcher.model.settings import Account, Folder


def what_stays(places: Places, folder: str, word: Catalog) -> str:
    """What happens with the files of ``folder``; JournalError if the journal cannot be read."""
    files = _waiting(places, os.path.realpath(folder))
    if not files:
        return word("Nothing on the disk is removed, nor what the history tells of its files.")
    return word.plural(
        "Nothing on the disk is removed, nor what the history tells of its files. 1 of its files is"
        " not sent yet, and will not be.",
        "Nothing on the disk is removed, nor what the history tells of its files. {count:count} of"
        " its files are not sent yet, and will not be.",
        files,
    )


def _waiting(places: Places, folder: str) -> int:
    if not places.has_journal:
        return 0
    reader = Reader(places.journal)
    try:
        standing = reader.totals(folder)
    finally:
        reader.close()
    return sum(files for state, (files, _) in standing.items() if state in OPEN)


_log = logging.getLogger(__name__)


#: In the warning of a folder that is not there.
_ABSENT: Final = "{path} is not there yet; it is watched as soon as it is"


@dataclass(frozen=True)
class Editor:
    """The configuration as it was when the change began."""

    path: str
    text: str
    known: Known
    home: str
    state_dir: str
    layer: Layer | None = None

    @classmethod
    def open(cls, path: str, state_dir: str) -> Editor:
        """Read it; ConfigError if it is no TOML. One that is not there yet is empty.

        What the machine-wide configuration says is known too, and never written.
        """
        home = os.path.expanduser("~")
        layer = find_layer(MachineFile.of_process(os.environ))
        text = read_or_new(path)
        known = read_known(path, text, os.environ, home, layer)
        return cls(path, text, known, home, state_dir, layer)

    def account(self, name: str, email: str = "", api_url: str = "") -> Account:
        """The account to ask HrFlow with: what is said here, else what is written.

        ConfigError if that makes no sense, so that no key goes to a wrong address.
        """
        try:
            written = self._load(self.text).config.account(name)
        except (ConfigError, KeyError):  # not there yet, or with mistakes that are to be mended
            written = read_account(name, self.path, self.text, os.environ, self.home, self.layer)
        said = {"email": email, "api_url": api_url}
        account = replaced(written, **{key: value for key, value in said.items() if value})
        if mistakes := find_account_mistakes(account):
            raise ConfigError(
                msg('The account "{value}" cannot be used.', value=name), "", mistakes
            )
        return account

    def place(self, path: str) -> tuple[str, str]:
        """A folder as it is to be written, and where it leads; UnusableError if it cannot be."""
        written = as_written(path)
        place, problem = find_place(written, os.environ, self.home, self.state_dir)
        if problem:
            raise UnusableError(msg("This folder cannot be watched: {why}.", why=problem))
        return written, place

    def plan(self, answers: Answers) -> tuple[Edit, ...]:
        """The edits that follow from answers; UsageError where these meet what is locked."""
        self.refuse_locked(answers)
        return plan_edits(answers, self.known)

    def refuse_locked(self, answers: Answers) -> None:
        """UsageError where answers meet what is locked: before the key goes where they say."""
        if locked := find_locked(answers, self.known):
            raise UsageError(
                sentences(locked),
                msg("Leave that out, or ask whoever looks after this machine."),
            )

    def is_watched(self, path: str) -> bool:
        """Whether ``path``, as it is written or by where it leads, is a watched folder."""
        written = [folder.path for folder in self.known.folders]
        return path in written or self._at(path) is not None

    def number(self, path: str) -> int:
        """Which folder ``path`` is (from 0), as it is written or by where it leads.

        UnusableError if it is none of the watched ones.
        """
        written = [folder.path for folder in self.known.folders]
        at = written.index(path) if path in written else self._at(path)
        if at is None:
            known = ", ".join(view.safe(each) for each in written)
            raise UnusableError(
                msg("{path} is not a watched folder.", path=view.safe(path)),
                msg("These are watched: {names}.", names=known)
                if known
                else "No folder is watched.",
            )
        return at

    def _at(self, path: str) -> int | None:
        return self.known.number(find_place(as_written(path), os.environ, self.home)[0])

    def propose(self, edits: Sequence[Edit]) -> tuple[str, list[Message]]:
        """The text with ``edits``, and what is to be warned of; ConfigError if it has mistakes.

        UnusableError for a folder that is to be taken out and is not the person's own.
        """
        for edit in edits:
            if isinstance(edit, DropFolder) and self.known.folders[edit.at].is_machine:
                raise UnusableError(
                    msg(
                        "{path} is watched on this machine because {place} says so.",
                        path=view.safe(self.known.folders[edit.at].path),
                        place=view.safe(self.known.machine),
                    ),
                    msg("Whoever looks after this machine can change that."),
                )
        text = apply(self.text, edits) if edits else self.text
        try:
            warnings = self._load(text).warnings
        except ConfigError as error:
            mistakes = plural("1 mistake", "{count:count} mistakes", len(error.mistakes))
            raise ConfigError(
                msg(
                    "Nothing was written: {path} would have {what} (the lines are those of the"
                    " new file).",
                    path=self.path,
                    what=mistakes,
                ),
                msg("Correct what is wrong, then try again."),
                error.mistakes,
            ) from error
        known = self._old_warnings()
        return text, [said for each in warnings if (said := _inner(each)) not in known]

    def difference(self, text: str) -> list[str]:
        """What would change, line by line, as it may be shown."""
        before, after = self.text.splitlines(), text.splitlines()
        old = self.path if self.text else os.devnull
        lines = difflib.unified_diff(before, after, old, self.path, lineterm="")
        return [view.safe(line.expandtabs()) for line in lines]

    def write(self, text: str) -> None:
        """Let ``text`` be the configuration; ConfigError if that fails, and nothing is changed."""
        replace_text(self.path, self.text, text)

    def _load(self, text: str) -> Loaded:
        return load_text(
            self.path, text, environ=os.environ, home=self.home, state_dir=self.state_dir,
            layer=self.layer,
        )  # fmt: skip

    def _old_warnings(self) -> set[Message]:
        try:
            return {_inner(each) for each in self._load(self.text).warnings}
        except ConfigError:  # its mistakes are gone now
            return set()


def without_absent(warnings: Sequence[Message]) -> list[Message]:
    """The warnings without those of folders that are not there yet: they are made."""
    return [each for each in warnings if _inner(_inner(each)).text != _ABSENT]


def _inner(said: Message) -> Message:
    """A warning without the line it stands at, one about a setting without its name."""
    inner = said.args.get("said")
    return inner if isinstance(inner, Message) else said


def as_written(path: str) -> str:
    """A folder as it is to be written: in full, unless it begins with "~" or a variable."""
    return path if path.startswith(("~", "$", "%")) else os.path.abspath(path)


def make_missing(folders: Sequence[Folder]) -> None:
    """Create the folders that are to be created, in the person's home alone.

    Elsewhere one that is missing may be a drive that is not mounted yet: what was put into a folder
    in its place would be hidden by it.
    """
    home = os.path.expanduser("~")
    for folder in folders:
        if is_to_be_made(folder, home):
            try:
                make_folder(folder.path)
            except UnusableError as error:
                _log.warning("%s", error)
            else:
                _log.info("a folder that was to be watched and was missing is created")


def is_to_be_made(folder: Folder, home: str) -> bool:
    """Whether it is missing, and the program makes it when it starts."""
    return folder.create and not os.path.lexists(folder.path) and is_in(folder.path, home)


def make_folder(place: str) -> None:
    """Create a folder that is to be watched; UnusableError if that fails."""
    try:
        os.makedirs(place, exist_ok=True)
    except OSError as error:
        raise UnusableError(
            msg(
                "The folder {path} cannot be created ({error}).",
                path=view.safe(place),
                error=error.strerror,
            ),
            msg("Create it yourself, or name another one."),
        ) from error
