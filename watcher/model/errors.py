"""Errors that end a command, each with what a person can do and the exit code it ends with.

::

    WatcherError            1   something unexpected
    ├── UsageError          2   a wrong argument (click uses 2 as well)
    ├── ConfigError         2   the configuration has mistakes
    ├── AlreadyRunningError 3   another instance owns the journal
    ├── CredentialError     4   no usable API key
    ├── UnusableError       5   a file or a folder that a command was given cannot be used
    ├── JournalError        6   the journal, or its folder, cannot be used; or it is too new
    │   ├── DamagedJournalError
    │   └── UnwritableJournalError
    ├── OfflineError        7   a command needs HrFlow, which does not answer
    ├── NotRunningError     8   the command is for the running program, and none runs
    └── LedgerError         9   the shared ledger cannot be reached, or not be used

``run`` ends with :data:`UPDATED` (75) when another version was installed, to be restarted.

What happens to a single file while the program runs is never an exception: it is a
``watcher.model.uploads.Outcome``.
"""

from __future__ import annotations

from typing import Final

from watcher.i18n.message import Message, Text, msg, verbatim

#: EX_TEMPFAIL of sysexits.h: "try again".
UPDATED: Final = 75

_STOPS: Final = (".", "!", "?", "…", ":")


class WatcherError(Exception):
    """Base of all errors that are shown to a person in one sentence.

    ``title`` says what happened and to what, ``hint`` what the person can do (may be empty).
    ``field`` is the answer of the setup that it is about (see ``watcher.config.setup_plan``), ""
    if it is about none.
    """

    exit_code = 1

    def __init__(self, title: Text, hint: Text = "", *, field: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.hint = hint
        self.field = field

    def __str__(self) -> str:
        return str(self.message)

    @property
    def message(self) -> Message:
        """Title and hint as one message; a title that ends with others' words may lack its stop."""
        title, hint = (
            each if isinstance(each, Message) else verbatim(each)
            for each in (self.title, self.hint)
        )
        if not (title and hint):
            return title or hint
        if str(title).endswith(_STOPS):
            return msg("{title} {hint}", title=title, hint=hint)
        return msg("{title}. {hint}", title=title, hint=hint)


class UsageError(WatcherError):
    """A command was called with arguments that are wrong, or cannot be combined."""

    exit_code = 2


class ConfigError(WatcherError):
    """The configuration has mistakes; ``mistakes`` holds one line for each of them.

    ``unfinished``: nothing is wrong, but something required is still missing.
    ``by_machine``: the system-wide configuration is wrong, which only an administrator can fix.
    """

    exit_code = 2

    def __init__(
        self,
        title: Text,
        hint: Text = "",
        mistakes: tuple[Text, ...] = (),
        *,
        unfinished: bool = False,
        by_machine: bool = False,
    ) -> None:
        super().__init__(title, hint)
        self.mistakes = mistakes
        self.unfinished = unfinished
        self.by_machine = by_machine


class AlreadyRunningError(WatcherError):
    """Another process works on the same journal."""

    exit_code = 3


class CredentialError(WatcherError):
    """No API key could be found for an account."""

    exit_code = 4


class UnusableError(WatcherError):
    """A file or folder that a command was given cannot be used."""

    exit_code = 5


class JournalError(WatcherError):
    """The journal cannot be opened, or a newer program wrote it."""

    exit_code = 6


class NoJournalError(JournalError):
    """There is no journal yet, or the program is still creating it."""


class DamagedJournalError(JournalError):
    """The journal's file is damaged: a new one has to be built."""


class UnwritableJournalError(JournalError):
    """The journal cannot be used at the moment, for example because the disk is full."""


class OfflineError(WatcherError):
    """HrFlow cannot be reached, or something else answers in its place."""

    exit_code = 7


class NotRunningError(WatcherError):
    """The program does not run, so it cannot take a command."""

    exit_code = 8


class LedgerError(WatcherError):
    """The shared ledger cannot be reached, or cannot be used."""

    exit_code = 9
