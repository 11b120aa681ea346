"""The questions of the guided set-up, and what stands in for them where nobody can be asked."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from watcher import view
from watcher.app.workspace import UNCHECKED, Workspace, ask_hrflow
from watcher.cli.folder_options import AFTER, fillable
from watcher.cli.keys import check_form, find_key, why_not_kept
from watcher.cli.output import say, say_table, styled
from watcher.config.mistakes import redact
from watcher.credentials import form
from watcher.credentials.keyring import elsewhere
from watcher.errors import CredentialError, OfflineError, UnusableError, UsageError
from watcher.settings import AfterUpload
from watcher.setup import TagError, parse_tags, write_tags

if TYPE_CHECKING:
    from watcher.app.editing import Editor
    from watcher.errors import WatcherError
    from watcher.settings import Account, Item
    from watcher.setup import KnownFolder

_FIRST_FOLDER: Final = "~/CVs"
#: What a path has, and no answer to another question.
_PATH: Final = re.compile(r"[/\\]|^(?:[~.$%]|[A-Za-z]:)")


@dataclass
class Questions:
    """Asks at the terminal; click's Abort on Ctrl-C."""

    editor: Editor

    def account_name(self) -> str:
        """Which of the accounts; "default" for the first one."""
        names = [account.name for account in self.editor.known.accounts]
        if len(names) < 2:
            return names[0] if names else "default"
        return str(click.prompt("Account", type=click.Choice(names), default=names[0]))

    def email(self, account: str) -> str:
        """The account's email."""
        known = self.editor.known.account(account)
        if known and "email" in known.locked:
            say(f"Email of your HrFlow account: {view.safe(known.email)}, set for this machine.")
            return known.email
        while True:
            email = _line("Email of your HrFlow account", known.email if known else "")
            if all(email.partition("@")):
                return email
            say(styled(f'"{view.safe(redact(email))}" is no email address.', "bad"))

    def key(self, account: Account, *, check: bool) -> tuple[str, Workspace]:
        """A new key, or "" for the one that is there, and what HrFlow says to it."""
        try:
            known, origin = find_key(account.name)
        except CredentialError:
            known, origin = "", ""
        hint = f"; Enter keeps the one from {origin}" if known else ""
        if why := why_not_kept():
            say(styled(f"! {why} A key that you type is tried, and has to be put into"
                       f" {elsewhere(account.name)}.", "busy"))  # fmt: skip
        while True:
            pasted = click.prompt(
                f"API key (not shown while you type{hint})",
                hide_input=True, default="" if known else None, show_default=False,
            )  # fmt: skip
            try:
                typed = check_form(pasted) if pasted.strip() or not known else ""
            except CredentialError as error:
                _say_problem(error)
                continue
            workspace = self._try_key(account, typed or known) if check else _unchecked(typed)
            if workspace is not None:
                _show_sources(workspace)
                return typed, workspace

    def _try_key(self, account: Account, key: str) -> Workspace | None:
        """None: ask for it again."""
        from watcher.hrflow.inquiry import RefusedKeyError  # noqa: PLC0415 - the network costs time

        try:
            workspace = ask_hrflow(account, key)
        except (OfflineError, RefusedKeyError) as error:
            _say_problem(error)
            is_offline = isinstance(error, OfflineError)
            why = "while HrFlow does not answer" if is_offline else "with this key"
            question = "Go on without trying the key?" if is_offline else (
                "Is it a write-only key, which cannot be tried, and do you want to use it?"
            )  # fmt: skip
            return Workspace(unseen=why) if click.confirm(question, default=False) else None
        except CredentialError as error:
            _say_problem(error)
            return None
        team = f' of "{view.safe(workspace.team)}"' if workspace.team else ""
        say(styled(f"✓ HrFlow takes the key{team}.", "good") if not workspace.unseen
            else f"Its sources cannot be looked up {workspace.unseen}.")  # fmt: skip
        return workspace

    def folders(self) -> list[tuple[str, str]]:
        """Asks for folders until there are no more: (as written, where it leads) for each."""
        known = self.editor.known.folders
        if known:
            _show_folders(known)
        if self.editor.known.has_locked_folders:
            say(f"These are set for this machine, in {view.safe(self.editor.known.machine)}.")
            return []
        found: list[tuple[str, str]] = []
        while True:
            first = not known and not found
            question = "Folder to watch" if first else (
                "Another folder, or the number of one to change; Enter for none"
                if known else "Another folder; Enter for none"
            )  # fmt: skip
            typed = _line(question, _FIRST_FOLDER if first else "", may_be_empty=not first)
            if not typed:
                return found
            folder = self._folder(typed)
            if folder is not None and folder not in found:
                found.append(folder)

    def _folder(self, typed: str) -> tuple[str, str] | None:
        known = self.editor.known.folders
        if typed.isdecimal() and 1 <= int(typed) <= len(known):
            return known[int(typed) - 1].path, known[int(typed) - 1].place
        if not (_PATH.search(typed) or os.path.isdir(typed)):  # "y", "2", "none"
            said = f'There is no folder "{view.safe(redact(typed))}"; write its path, like ~/CVs.'
            say(styled(said, "bad"))
            return None
        try:
            return self.editor.place(typed)
        except UnusableError as error:
            _say_problem(error)
            return None

    def source(self, workspace: Workspace, folder: KnownFolder) -> tuple[str, str]:
        """(key, name) of the source that a folder's files go to."""
        default = folder.source_key
        if not default and len(workspace.sources) == 1:
            default = workspace.sources[0].name
        default = next((s.name for s in workspace.sources if s.key == default), default)
        words = "its key" if workspace.unseen else "number, name or key"
        while True:
            typed = _line(f"Source for {view.safe(folder.path)} ({words})", default)
            try:
                return workspace.find(typed, numbered=True)
            except UnusableError as error:
                _say_problem(error)

    @staticmethod
    def tags(folder: KnownFolder) -> tuple[Item, ...]:
        """The tags of a folder's files."""
        default = write_tags(folder.tags)
        keep = 'Enter keeps them, "none" takes them away' if default else "Enter for none"
        while True:
            typed = _line(
                f"Tags, like office=Paris, urgent=true ({keep})", default, may_be_empty=True
            )
            try:
                return fillable(parse_tags(typed))
            except TagError as error:
                say(styled(view.safe(str(error)), "bad"))

    @staticmethod
    def after_upload(folder: KnownFolder) -> AfterUpload:
        """What becomes of files that have arrived."""
        return AfterUpload(
            click.prompt(
                "A file that has arrived: keep it, move it to Sent, or put it in the trash",
                type=click.Choice(AFTER), default=folder.after_upload.value,
            )
        )  # fmt: skip

    @staticmethod
    def create(place: str) -> bool:
        """Whether to create a folder."""
        question = f"{view.safe(place)} is not there. Create it?"
        return click.confirm(question, default=True)

    @staticmethod
    def service() -> bool:
        """Whether to start at every login."""
        return click.confirm("Start it at every login?", default=True)


@dataclass
class Silence:
    """Asks nobody: what was not given is as it is written, or left out.

    ``key``: one that was given, or "".
    """

    editor: Editor
    given_key: str

    def account_name(self) -> str:
        """The only account's name, or "default"; UsageError if there are several."""
        known = self.editor.known
        if len(known.accounts) > 1:
            names = ", ".join(account.name for account in known.accounts)
            raise UsageError(f"There are several accounts ({names}).", "Name one with --account.")
        return known.only or "default"

    def email(self, account: str) -> str:
        """The email that is written."""
        known = self.editor.known.account(account)
        return known.email if known else ""

    def key(self, account: Account, *, check: bool) -> tuple[str, Workspace]:
        """The given key, or "" for the one that is there, and what HrFlow says to it."""
        if not check:
            return self.given_key, UNCHECKED
        return self.given_key, ask_hrflow(account, self.given_key or find_key(account.name)[0])

    @staticmethod
    def folders() -> list[tuple[str, str]]:
        """None."""
        return []

    @staticmethod
    def source(workspace: Workspace, folder: KnownFolder) -> tuple[str | None, str]:  # noqa: ARG004 - the questions' form
        """As it is written."""
        return None, ""

    @staticmethod
    def tags(folder: KnownFolder) -> tuple[Item, ...] | None:  # noqa: ARG004 - likewise
        """As they are written."""
        return None

    @staticmethod
    def after_upload(folder: KnownFolder) -> AfterUpload | None:  # noqa: ARG004 - likewise
        """As it is written."""
        return None

    @staticmethod
    def create(place: str) -> bool:  # noqa: ARG004 - likewise
        """Yes: somebody named the folder to have it watched."""
        return True

    @staticmethod
    def service() -> bool:
        """No: nobody has said so."""
        return False


# -- inside


def _unchecked(key: str) -> Workspace | None:
    """None: ask for the key again, as nobody will find out that it is none."""
    odd = key and not form.looks_right(key)
    return None if odd and not click.confirm("Use it all the same?", default=False) else UNCHECKED


def _line(question: str, default: str, *, may_be_empty: bool = False) -> str:
    value = default if default or may_be_empty else None
    return str(click.prompt(question, default=value, show_default=bool(default))).strip()


def _say_problem(error: WatcherError) -> None:
    say(styled(view.safe(str(error)), "bad"))


def _show_folders(folders: tuple[KnownFolder, ...]) -> None:
    rows = [
        (str(number), view.safe(folder.path), view.short(folder.source_key))
        for number, folder in enumerate(folders, 1)
    ]
    say_table(["No.", "Folder", "Source"], rows)


def _show_sources(workspace: Workspace) -> None:
    rows = [
        (
            str(number),
            view.safe(f"{source.name} ({source.note})" if source.note else source.name),
            view.safe(source.key),
        )
        for number, source in enumerate(workspace.sources, 1)
    ]
    if rows:
        say_table(["No.", "Source", "Key"], rows)
