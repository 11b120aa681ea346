"""The program's own folder: the paths in it, and a reader of its journal."""

from __future__ import annotations

import errno
import os
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from watcher.model.errors import JournalError, NoJournalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from watcher.journal.reader import Reader


class Places(Struct, frozen=True):
    """The program's own files, in a directory that only its owner can read."""

    state: str

    @property
    def journal(self) -> str:
        """The journal."""
        return os.path.join(self.state, "journal.db")

    @property
    def instance(self) -> str:
        """Where the running program's API is, and its token, as JSON."""
        return os.path.join(self.state, "instance.json")

    @property
    def ledger_instance(self) -> str:
        """The id by which the shared ledger knows this installation."""
        return os.path.join(self.state, "ledger-instance")

    @property
    def has_journal(self) -> bool:
        """Whether there is a journal; JournalError if that cannot be determined.

        An empty file is none: it is all that was written on a full disk.
        """
        try:
            return os.stat(self.journal).st_size > 0
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self.unusable(error) from error

    @property
    def begun(self) -> str:
        """A mark that there has been a journal: if it is missing, it was lost."""
        return os.path.join(self.state, "begun")

    @property
    def lock(self) -> str:
        """Held by the process that works on the journal."""
        return os.path.join(self.state, "lock")

    @property
    def spool(self) -> str:
        """Where documents inside other files are copied while they are needed."""
        return os.path.join(self.state, "spool")

    @property
    def log(self) -> str:
        """The log."""
        return os.path.join(self.state, "hrflow-watcher.log")

    def prepare(self) -> None:
        """Create the directory; JournalError if that fails."""
        try:
            os.makedirs(self.state, mode=0o700, exist_ok=True)
            os.chmod(self.state, 0o700)
        except OSError as error:
            raise self.unusable(error) from error

    def unusable(self, error: OSError) -> JournalError:
        """Return the error for something in the directory that cannot be read or written."""
        hint = "Choose another one with --state."
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = "Make room on its disk, or name another one with --state."
        elif error.errno in (errno.EACCES, errno.EPERM):
            hint = "Make sure that you may write to it, or name another one with --state."
        return JournalError(
            f"The program's own folder {self.state} can't be used ({error.strerror}).", hint
        )


def default_state(environ: Mapping[str, str]) -> str:
    """Return ``HRFLOW_WATCHER_STATE``, or else the platform's directory for state."""
    if named := environ.get("HRFLOW_WATCHER_STATE"):
        return os.path.abspath(os.path.expanduser(named))
    import platformdirs  # noqa: PLC0415 - only where nothing was named

    return platformdirs.user_state_dir("hrflow-watcher", appauthor=False)


@contextmanager
def open_reader(places: Places) -> Iterator[Reader | None]:
    """Yield the journal, to be read; None before the first run, JournalError if it is unusable."""
    from watcher.journal.reader import Reader  # noqa: PLC0415 - many commands do without

    reader = None
    if places.has_journal:
        with suppress(NoJournalError):  # the program is still creating it
            reader = Reader(places.journal)
    if reader is None:
        yield None
        return
    with closing(reader):
        yield reader
