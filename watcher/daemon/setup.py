"""The steps of setting up, for the terminal and the page.

They create folders, find keys and sources, save the configuration, and drop a sample CV.
"""

from __future__ import annotations

import difflib
import importlib.util
import logging
import os
import re
import stat
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.config.mistakes import SECRET, as_sentence, redacted, unfillable
from watcher.config.paths import leads_into
from watcher.credentials import Keys, SystemKeyring, elsewhere, keys
from watcher.i18n.message import NOTHING, Message, msg
from watcher.journal.reader import Reader
from watcher.model.errors import CredentialError, UnusableError
from watcher.model.lifecycle import OPEN
from watcher.routing.patterns import BUILT_IN, names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from watcher.config.editor import Editor
    from watcher.config.setup_plan import Answers
    from watcher.daemon.instance import Places
    from watcher.hrflow.client import Source
    from watcher.i18n.message import Catalog
    from watcher.model.settings import Account, Folder

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
    if not places.has_journal:
        return 0
    with closing(Reader(places.journal)) as reader:
        standing = reader.totals(folder)
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


def find_key(account: str, environ: Mapping[str, str]) -> tuple[str, Message]:
    """Return the account's key and where it comes from; CredentialError if there is none."""
    found = Keys(environ)
    try:
        return found.get(account), found.origin(account)
    finally:
        found.close()


def why_not_stored(
    account: str, environ: Mapping[str, str], *, allow_insecure: bool = False
) -> Message:
    """Return why this machine cannot store a key and where to put it, NOTHING if it can."""
    why = SystemKeyring(allow_insecure=allow_insecure).why_not()
    if not why:
        return NOTHING
    try:
        origin = find_key(account, environ)[1]
    except CredentialError:
        return msg(
            "{why} Put the key into {place}; the program uses it from its next start.",
            why=why,
            place=elsewhere(account),
        )
    return msg(
        "{why} The key comes from {origin}; to change it, put the new one there. The program uses"
        " it from its next start.",
        why=why,
        origin=origin,
    )


# -- The account's workspace in HrFlow: its sources, and which one a person means

#: The form that source keys have had so far; the API's documentation promises none.
_SOURCE_KEY: Final = re.compile(r"[0-9a-fA-F]{40}\Z")
#: The most sources that a message lists.
_LISTED: Final = 10


class Workspace(Struct, frozen=True):
    """An account's sources; ``unseen`` is why they are unknown, as the end of a sentence."""

    sources: tuple[Source, ...] = ()
    team: str = ""
    unseen: Message = NOTHING

    @property
    def names(self) -> dict[str, str]:
        """The names of the sources by their keys."""
        return {each.key: each.name for each in self.sources if each.name}

    def find(self, text: str, *, numbered: bool = False) -> tuple[str, str]:
        """Return (key, name) of the source that ``text`` means; UnusableError if there is none.

        ``text`` is its key or its name, or with ``numbered`` its number (from 1) in the list. A key
        that cannot be looked up is used as it is, and so is one with placeholders.
        """
        if SECRET.search(text):
            raise UnusableError(
                msg("This is an API key, not a source."),
                msg("Enter a source instead."),
                field="source",
            )
        if unknown := next((name for name in names_in(text) if name not in BUILT_IN), ""):
            raise UnusableError(as_sentence(unfillable(unknown, BUILT_IN)), field="source")
        if "{" in text or (self.unseen and looks_like_key(text)):
            return text, ""
        if self.unseen:
            said = msg(
                '"{value}" is not a source key (40 characters: digits and letters from a to f),'
                " and names can't be looked up {how}.",
                value=text,
                how=self.unseen,
            )
            hint = msg("Copy the source's key from HrFlow.")
            raise UnusableError(redacted(said), hint, field="source")
        return self._pick(text, numbered=numbered)

    def warning(self, key: str) -> Message:
        """Return what the person who chooses the source with this key should know, if anything."""
        source = next((each for each in self.sources if each.key == key), None)
        if source is None or not source.note:
            return NOTHING
        if source.is_archived or source.is_disabled:
            return msg(
                "{name} is {note} and may reject uploads; restore it there, or choose another"
                " source.",
                name=source.name,
                note=source.note,
            )
        return msg(
            "{name} is in HrFlow's test environment: what is uploaded there is not among your real"
            " candidates. Choose another source unless you are testing.",
            name=source.name,
        )

    def _pick(self, text: str, *, numbered: bool) -> tuple[str, str]:
        found = [source for source in self.sources if source.key == text]
        if not found:
            found = [each for each in self.sources if each.name.casefold() == text.casefold()]
        if not found and numbered and text.isdecimal() and 1 <= int(text) <= len(self.sources):
            found = [self.sources[int(text) - 1]]
        if len(found) == 1:
            return found[0].key, found[0].name
        if not found:
            raise UnusableError(self._absent(text), field="source")
        said = msg(
            'There are {number} sources called "{value}"; use the key of the one you'
            " mean: {names}.",
            number=len(found),
            value=text,
            names=tuple(source.key for source in found),
        )
        raise UnusableError(said, field="source")

    def _absent(self, text: str) -> Message:
        """Return the sentence that there is no such source, and which ones may be meant."""
        names = {source.name.casefold(): source.name for source in self.sources}
        if near := difflib.get_close_matches(text.casefold(), names, 1):
            return msg(
                'This workspace has no source "{value}"; did you mean "{name}"?',
                value=text,
                name=names[near[0]],
            )
        if 0 < len(names) <= _LISTED:
            return msg(
                'This workspace has no source "{value}", only {names}.',
                value=text,
                names=tuple(sorted(names.values())),
            )
        return msg('This workspace has no source "{value}".', value=text)


#: What is known without asking HrFlow.
UNCHECKED: Final = Workspace(unseen=msg("without asking HrFlow"))


def looks_like_key(text: str) -> bool:
    """Whether a text has the form of a source's key."""
    return _SOURCE_KEY.match(text) is not None


def ask_hrflow(account: Account, secret: str) -> Workspace:
    """Test a key and list its sources; a write-only key cannot be tested.

    CredentialError if HrFlow rejects it or it cannot upload, OfflineError without an answer,
    UnusableError if HrFlow says something else.
    """
    from watcher.hrflow.client import Inquiry  # noqa: PLC0415 - the network takes time to import

    if keys.is_write_only(secret):
        return Workspace(unseen=msg("with a write-only key"))
    with closing(Inquiry(account, secret, time.monotonic)) as inquiry:
        access = inquiry.access()
        if access.permission == "read":
            raise CredentialError(keys.READ_ONLY, keys.READ_ONLY_HINT, field="key")
        return Workspace(inquiry.sources(), access.team)


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
    store: Callable[[str, str], None],
    report: Callable[[Message], None],
) -> None:
    """Save it all, the key first: if the keyring refuses it, nothing else has happened.

    ``store`` puts a key under an account's name; ``report`` is called after each step.
    """
    if changes.key:
        store(changes.answers.account, changes.key)
        report(msg("Stored the key in the system's keyring."))
    for place in changes.folders:
        make_folder(place)
        report(msg("Created {path}.", path=place))
    if changes.text != editor.text:
        editor.write(changes.text)
        report(msg("Saved {path}.", path=editor.path))


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
