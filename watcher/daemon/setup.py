"""The steps of setting up, for the terminal and the page.

They create folders, find keys, save the configuration, and drop a sample CV.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import stat
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.config.paths import leads_into
from watcher.credentials import Keys, SystemKeyring, elsewhere
from watcher.daemon.state_folder import open_reader
from watcher.i18n.message import NOTHING, Message, msg
from watcher.model.errors import CredentialError, UnusableError
from watcher.model.lifecycle import OPEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from watcher.config.editor import Editor
    from watcher.config.setup_plan import Answers
    from watcher.daemon.state_folder import Places
    from watcher.i18n.message import Catalog
    from watcher.model.settings import Folder

_log = logging.getLogger(__name__)


# -- Watched folders


def what_stays(places: Places, folder: str, word: Catalog) -> str:
    """Return what happens to the files of ``folder``; JournalError if that is not known."""
    files = _waiting(places, os.path.realpath(folder))
    if not files:
        return word("Your files and their history are kept.")
    return word.plural(
        "Your files and their history are kept. 1 file has not been uploaded yet and will not be.",
        "Your files and their history are kept. {count:count} files have not been"
        " uploaded yet and will not be.",
        files,
    )


def _waiting(places: Places, folder: str) -> int:
    with open_reader(places) as reader:
        standing = reader.totals(folder) if reader else {}
    return sum(files for state, (files, _) in standing.items() if state in OPEN)


def make_missing(folders: Sequence[Folder]) -> None:
    """Create the missing folders with ``create``, but only in the person's home.

    Elsewhere one may be on a drive that is not mounted yet, which would hide the files in a folder
    created in its place.
    """
    home = os.path.expanduser("~")
    for folder in folders:
        if is_to_be_made(folder, home):
            try:
                make_folder(folder.path)
            except UnusableError as error:
                _log.warning("%s", error)
            else:
                _log.info("a missing folder was created")


def is_to_be_made(folder: Folder, home: str) -> bool:
    """Whether it is missing, and the program creates it when it starts."""
    return folder.create and not os.path.lexists(folder.path) and leads_into(folder.path, home)


def make_folder(place: str) -> None:
    """Create a folder to watch; UnusableError if that fails."""
    try:
        os.makedirs(place, exist_ok=True)
    except OSError as error:
        raise UnusableError(
            msg(
                "The folder {path} can't be created ({error}).",
                path=place,
                error=error.strerror,
            ),
            msg("Create it yourself, or choose another one."),
        ) from error


# -- The keyring


class StoredKeys(Struct, frozen=True):
    """Where this person's keys are: in the keyring, else where ``environ`` says.

    ``allow_insecure``: the keyring may use plain text.
    """

    environ: Mapping[str, str]
    allow_insecure: bool

    def find(self, account: str) -> tuple[str, Message]:
        """Return the account's key and where it comes from; CredentialError if there is none."""
        with closing(Keys(self.environ, self.keyring())) as found:
            return found.get(account), found.origin(account)

    def keyring(self) -> SystemKeyring:
        """Return the keyring, which may not be usable."""
        return SystemKeyring(allow_insecure=self.allow_insecure)

    def why_not_stored(self, account: str) -> Message:
        """Return why this machine cannot store a key and where to put it, NOTHING if it can."""
        why = self.keyring().why_not()
        if not why:
            return NOTHING
        try:
            _, origin = self.find(account)
        except CredentialError:
            return msg(
                "{why} Put the key into {place}; the program uses it from its next start.",
                why=why,
                place=elsewhere(account),
            )
        return msg(
            "{why} The key comes from {origin}; to change it, put the new one there. The program"
            " uses it from its next start.",
            why=why,
            origin=origin,
        )


# -- Saving


class Changes(Struct, frozen=True):
    """What is to be saved.

    ``key``: one to store in the keyring, or "". ``folders`` are to be created. ``text`` is the
    configuration.
    """

    answers: Answers
    key: str
    folders: tuple[str, ...]
    text: str


def save(
    editor: Editor,
    changes: Changes,
    stored: StoredKeys,
    store: Callable[[str, str], None],
    report: Callable[[Message], None],
) -> Message:
    """Save it all, the key first: if the keyring refuses it, nothing else has happened.

    ``store`` puts a key under an account's name; ``report`` is called after each step. Where there
    is no keyring, all but the key is saved: return where it has to be put, NOTHING if it is there.
    """
    account, not_stored = changes.answers.account, NOTHING
    if changes.key:
        not_stored = stored.why_not_stored(account)
        if not not_stored:
            store(account, changes.key)
            report(msg("Stored the key in the system's keyring."))
    for place in changes.folders:
        make_folder(place)
        report(msg("Created {path}.", path=place))
    if changes.text != editor.text:
        editor.write(changes.text)
        report(msg("Saved {path}.", path=editor.path))
    if not_stored:
        with suppress(CredentialError):
            key, origin = stored.find(account)
            if key == changes.key:
                report(msg("The key is used from {origin}.", origin=origin))
                return NOTHING
    return not_stored


def find_missing(answers: Answers) -> list[str]:
    """Return the folders of the answers that do not exist yet."""
    return [each.place for each in answers.folders if not os.path.lexists(each.place)]


# -- A sample CV, written as programs write files: under another name until it is complete

#: Never through a link, and never over an existing file.
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_AS_IT_IS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def can_drop_sample() -> bool:
    """Whether the extra that contains the sample is installed."""
    return importlib.util.find_spec("multipart") is not None


def sample_path(folder: str) -> str:
    """Return where in ``folder`` the CV is, or would be."""
    from watcher.sandbox.samples import FILE_NAME  # noqa: PLC0415 - an extra

    return os.path.join(folder, FILE_NAME)


def drop_sample(folder: str) -> str:
    """Put the CV into ``folder``, unless it is there already, and return its path.

    UnusableError if that fails, or another file has its name.
    """
    from watcher.sandbox.samples import sample_cv_pdf  # noqa: PLC0415 - an extra

    path = sample_path(folder)
    part = os.path.join(folder, f".{os.path.basename(path)}.part")
    try:
        if os.path.lexists(path):
            if not _is_ours(path):
                raise UnusableError(
                    msg("{path} already exists and is not the sample CV.", path=path),
                    msg("Rename it."),
                )
            return path
        if os.path.lexists(part):  # an earlier attempt that was interrupted
            os.unlink(part)
        with os.fdopen(os.open(part, _NEW, 0o600), "wb") as file:
            file.write(sample_cv_pdf())
        os.rename(part, path)
    except OSError as error:
        raise UnusableError(
            msg(
                "No file can be written to {path} ({error}).",
                path=folder,
                error=error.strerror,
            ),
            msg("Check your permissions for this folder."),
        ) from error
    return path


def remove_sample(folder: str) -> None:
    """Remove the CV from ``folder``, if it is there and unchanged."""
    path = sample_path(folder)
    if os.path.lexists(path) and _is_ours(path):
        os.unlink(path)


def _is_ours(path: str) -> bool:
    """Whether a file is the unchanged CV; a link is not."""
    from watcher.sandbox.samples import sample_cv_pdf  # noqa: PLC0415 - an extra

    wanted = sample_cv_pdf()
    if os.path.islink(path) or not stat.S_ISREG(os.lstat(path).st_mode):
        return False
    with os.fdopen(os.open(path, _AS_IT_IS), "rb") as file:
        return file.read(len(wanted) + 1) == wanted
