"""Set-up, for terminal and page: edits of the configuration, folders, sources and a sample CV."""

from __future__ import annotations

import difflib
import importlib.util
import logging
import os
import stat
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from watcher.config.edit import apply, read_or_new, replace_text
from watcher.config.known import find_account_mistakes, find_place, read_account, read_known
from watcher.config.load import load_text
from watcher.config.machine import MachineFile, find_layer
from watcher.config.mistakes import SECRET, unfillable
from watcher.config.places import is_in
from watcher.config.setup import DropFolder, find_locked, looks_like_key, pick_source, plan_edits
from watcher.i18n.message import NOTHING, Message, msg, plural, sentences
from watcher.journal.reader import Reader
from watcher.model.errors import ConfigError, CredentialError, UnusableError, UsageError
from watcher.model.lifecycle import OPEN
from watcher.model.settings import replaced
from watcher.present import view
from watcher.routing.placeholders import BUILT_IN, names_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.config import Loaded
    from watcher.config.machine import Layer
    from watcher.config.setup import Answers, Edit, Known
    from watcher.daemon.instance import Places
    from watcher.hrflow.inquiry import Source
    from watcher.i18n.message import Catalog
    from watcher.model.settings import Account, Folder

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
    with closing(Reader(places.journal)) as reader:
        standing = reader.standing(folder)
    return sum(files for state, (files, _) in standing.items() if state in OPEN)


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


#: Never into what a link leads to, and never in the place of what is there.
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


_AS_IT_IS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def can_drop_sample() -> bool:
    """Whether the extra that the sample comes with is installed."""
    return importlib.util.find_spec("multipart") is not None


def sample_path(folder: str) -> str:
    """Where in ``folder`` the CV lies, or would."""
    from watcher.sandbox.samples import FILE_NAME  # noqa: PLC0415 - an extra

    return os.path.join(folder, FILE_NAME)


def drop_sample(folder: str) -> str:
    """Put the CV into ``folder``, if it is not there yet, and give its path.

    UnusableError if that fails, or another file has its name.
    """
    from watcher.sandbox.samples import sample_cv_pdf  # noqa: PLC0415 - an extra

    path = sample_path(folder)
    part = os.path.join(folder, f".{os.path.basename(path)}.part")
    try:
        if os.path.lexists(path):
            if not _is_ours(path):
                raise UnusableError(
                    msg(
                        "{path} is there already, and is not the made-up CV.", path=view.safe(path)
                    ),
                    msg("Give it another name."),
                )
            return path
        if os.path.lexists(part):  # a drop that was broken off
            os.unlink(part)
        with os.fdopen(os.open(part, _NEW, 0o600), "wb") as file:
            file.write(sample_cv_pdf())
        os.rename(part, path)
    except OSError as error:
        raise UnusableError(
            msg(
                "Nothing can be put into {path} ({error}).",
                path=view.safe(folder),
                error=error.strerror,
            ),
            msg("Give yourself the right to."),
        ) from error
    return path


def remove_sample(folder: str) -> None:
    """Take the CV out of ``folder`` again, if it is there and still what was put there."""
    path = sample_path(folder)
    if os.path.lexists(path) and _is_ours(path):
        os.unlink(path)


def _is_ours(path: str) -> bool:
    """Whether a file is the CV as it was dropped; a link is not."""
    from watcher.sandbox.samples import sample_cv_pdf  # noqa: PLC0415 - an extra

    wanted = sample_cv_pdf()
    if os.path.islink(path) or not stat.S_ISREG(os.lstat(path).st_mode):
        return False
    with os.fdopen(os.open(path, _AS_IT_IS), "rb") as file:
        return file.read(len(wanted) + 1) == wanted
