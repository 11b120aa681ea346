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
    ├── OfflineError        7   HrFlow does not answer a command that needs it
    └── NotRunningError     8   the command is for a program that runs, and none does

``run`` ends with :data:`UPDATED` (75) when another version was installed: start that one.

What happens to a single file while the program runs is never an exception: it is a
:class:`watcher.model.Outcome`.
"""

from __future__ import annotations

from typing import Final

from watcher.i18n.message import Message, Text, msg, verbatim

#: EX_TEMPFAIL of sysexits.h: "try again".
UPDATED: Final = 75


class WatcherError(Exception):
    """Base of all errors that are shown to a person in one sentence.

    ``title`` says what happened and to what, ``hint`` what the person can do (may be empty).
    ``field`` is the answer of the set-up that it is about (see ``watcher.config.setup``), "" if it
    is about none.
    """

    exit_code = 1

    def __init__(self, title: Text, hint: Text = "", *, field: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.hint = hint
        self.field = field

    def __str__(self) -> str:
        return f"{self.title} {self.hint}".strip()

    @property
    def said(self) -> Message:
        """Both as one message."""
        title, hint = (
            each if isinstance(each, Message) else verbatim(each)
            for each in (self.title, self.hint)
        )
        return msg("{title} {hint}", title=title, hint=hint) if hint else title


class UsageError(WatcherError):
    """A command was called with arguments that make no sense together."""

    exit_code = 2


class ConfigError(WatcherError):
    """The configuration has mistakes; ``mistakes`` holds one line for each of them.

    ``unfinished``: nothing is wrong with it, but not all that is needed is there yet.
    ``by_machine``: it is the machine-wide one that is wrong, which the person cannot mend.
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
    """There is none yet, or the program that makes it has just begun."""


class DamagedJournalError(JournalError):
    """The journal is no journal any more: a new one has to be built."""


class UnwritableJournalError(JournalError):
    """The journal cannot be used now, as when the disk is full; later it may be."""


class OfflineError(WatcherError):
    """HrFlow cannot be reached, or something else answers in its place."""

    exit_code = 7


class NotRunningError(WatcherError):
    """The program does not run, and there is nobody to talk to."""

    exit_code = 8
