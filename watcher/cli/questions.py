"""The questions of the guided set-up, and what commands that change the configuration share."""

from __future__ import annotations

import itertools
import os
import re
import sys
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import click

from watcher.cli.context import config_path, places
from watcher.cli.output import say, say_table, styled
from watcher.config.mistakes import redact, unfillable
from watcher.config.setup import TagError, merge_tags, parse_tag, parse_tags, write_tags
from watcher.credentials import keys
from watcher.credentials.keyring import elsewhere
from watcher.daemon.accounts import UNCHECKED, Workspace, ask_hrflow
from watcher.daemon.editing import Editor
from watcher.i18n.message import msg
from watcher.model.errors import (
    CredentialError,
    NotRunningError,
    OfflineError,
    UnusableError,
    UsageError,
)
from watcher.model.settings import AfterUpload
from watcher.page.client import Channel
from watcher.present import view
from watcher.routing.placeholders import BUILT_IN, names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from watcher.config.setup import KnownFolder
    from watcher.daemon.instance import Places
    from watcher.i18n.message import Text
    from watcher.model.errors import WatcherError
    from watcher.model.settings import Account, Item


def _read_tags(
    ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]
) -> tuple[Item, ...]:
    try:
        return fillable(merge_tags(parse_tag(text) for text in texts))
    except TagError as error:
        raise click.BadParameter(view.safe(str(error)), ctx, param) from error


def fillable(tags: tuple[Item, ...]) -> tuple[Item, ...]:
    """The tags; TagError if one has a placeholder that nothing of a file fills."""
    written = [text for tag in tags for text in (tag.name, tag.value) if isinstance(text, str)]
    for name in itertools.chain.from_iterable(map(names_in, written)):
        if name not in BUILT_IN:
            raise TagError(msg("{problem}.", problem=unfillable(name, BUILT_IN)))
    return tags


AFTER: Final = tuple(str(each.value) for each in AfterUpload)


tag_option = click.option(
    "--tag", "tags", multiple=True, callback=_read_tags, metavar="NAME=VALUE",
    help="Send this tag with every file; may be repeated. true, false and numbers keep their type,"
    ' unless they stand in quotes: zip="75001".',
)  # fmt: skip


after_option = click.option(
    "--after-upload", type=click.Choice(AFTER), help="What becomes of a file that has arrived."
)


check_option = click.option(
    "--check/--no-check", default=True,
    help="Without the check HrFlow is not asked, and sources are taken by their keys as they are.",
)  # fmt: skip


create_option = click.option(
    "--create/--no-create", default=None, help="Create a folder that is not there, or do not."
)


_T = TypeVar("_T")


#: Seconds after which a person is told what is waited for, and after which nobody waits any more.
_SILENT_SECONDS: Final = 3.0


_MOST_SECONDS: Final = 120.0


def find_key(account: str) -> tuple[str, str]:
    """The account's key and where it comes from; CredentialError if there is none."""
    from watcher.credentials import Keys  # noqa: PLC0415 - the keyring costs time

    keys = Keys(os.environ)
    return keys.get(account), str(keys.origin(account))


def check_form(text: str) -> str:
    """The key in what was typed or read; CredentialError if there can be none in it."""
    key = keys.clean(text)
    if key != text:
        say("Spaces or line breaks around the key were left away.")
    if not keys.looks_right(key):
        said = "This does not look like a key of HrFlow: ask_ or askw_, and 32 digits or letters"
        say(styled(f"! {said} a to f.", "busy"))
    return key


def why_not_kept() -> str:
    """Why this machine keeps no key, as a sentence; "" if it does."""
    from watcher.credentials import SystemKeyring  # noqa: PLC0415 - likewise

    return str(SystemKeyring().why_not())


def store_key(account: str, key: str, *, allow_insecure: bool = False) -> None:
    """Put the key into the system's keyring; CredentialError if it does not keep it."""
    from watcher.credentials import SystemKeyring  # noqa: PLC0415 - likewise

    keyring = SystemKeyring(allow_insecure=allow_insecure)
    wait_for_keyring(lambda: keyring.write(account, key))


def wait_for_keyring(call: Callable[[], _T]) -> _T:
    """What ``call`` gives, which may wait for a person; CredentialError if nobody comes."""
    future: Future[_T] = Future()
    threading.Thread(target=_settle, args=(future, call), daemon=True).start()
    try:
        return future.result(_SILENT_SECONDS)
    except TimeoutError:
        click.echo("Waiting for the keyring to be unlocked: look for its window.", err=True)
    try:
        return future.result(_MOST_SECONDS)
    except TimeoutError as error:
        raise CredentialError(
            "The keyring is still waiting to be unlocked.", msg("Unlock it and try again.")
        ) from error


def pass_on(where: Places) -> bool:
    """Have the running program look keys up anew; False if none runs."""
    try:
        Channel.open(where).post("/api/keys")
    except NotRunningError:
        return False
    return True


def _settle(future: Future[_T], call: Callable[[], _T]) -> None:
    try:
        future.set_result(call())
    except Exception as error:  # noqa: BLE001 - raised again where the result is waited for
        future.set_exception(error)


_TONES: Final = (("+", "good"), ("-", "bad"), ("@@", "busy"))


def open_editor(ctx: click.Context) -> Editor:
    """The configuration, to be changed; ConfigError if it is no TOML."""
    return Editor.open(config_path(ctx), places(ctx).state)


def show_difference(editor: Editor, text: str) -> None:
    """What would change, line by line."""
    for line in editor.difference(text):
        tone = next((tone for sign, tone in _TONES if line.startswith(sign)), "")
        say(styled(line, tone) if tone else line)


def is_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def warn(warnings: Sequence[Text]) -> None:
    """Say what is allowed, and perhaps not meant."""
    for warning in warnings:
        say(styled(f"! {view.safe(warning)}", "busy"))


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
            why = msg("while HrFlow does not answer") if is_offline else msg("with this key")
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


def _unchecked(key: str) -> Workspace | None:
    """None: ask for the key again, as nobody will find out that it is none."""
    odd = key and not keys.looks_right(key)
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
