"""Changes of the configuration: which are allowed, what each would make of it, and saving it."""

from __future__ import annotations

import contextlib
import difflib
import os
from typing import TYPE_CHECKING

from msgspec import Struct

from watcher.config.checks import check_values
from watcher.config.document import parse
from watcher.config.load import load_text, put_together
from watcher.config.machine import MachineFile, find_layer
from watcher.config.mistakes import Mistakes, as_sentence, at_key, redacted, without_key
from watcher.config.rewriting import DropFolder, apply, read_or_new, replace_text
from watcher.config.setup_plan import (
    find_account_problems,
    find_locked,
    find_place,
    find_problems,
    plan_edits,
    read_account,
    read_known,
)
from watcher.i18n.message import Message, msg, plural, sentences
from watcher.model.errors import ConfigError, UnusableError, UsageError
from watcher.model.settings import replaced, values_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.config import Loaded
    from watcher.config.layers import Merged
    from watcher.config.machine import Layer
    from watcher.config.rewriting import Edit
    from watcher.config.setup_plan import Answers, Known, WrongAnswer
    from watcher.i18n.message import Text
    from watcher.model.settings import Account


class Editor(Struct, frozen=True):
    """The configuration as it was when the change began."""

    path: str
    text: str
    home: str
    state_dir: str
    layer: Layer | None
    merged: Merged
    known: Known

    @classmethod
    def open(cls, path: str, state_dir: str) -> Editor:
        """Read it; ConfigError if it is not TOML. One that does not exist yet is empty.

        The system-wide configuration is read too, but never written.
        """
        home = os.path.expanduser("~")
        layer = find_layer(MachineFile.of_process(os.environ))
        text = read_or_new(path)
        merged = put_together(parse(path, text), layer, os.environ, home, Mistakes())
        known = read_known(merged, os.environ, home)
        return cls(path, text, home, state_dir, layer, merged, known)

    def account(self, name: str, email: str = "", api_url: str = "") -> Account:
        """Return the account to ask HrFlow with: what is given here, else what is configured.

        ConfigError if that makes no sense, so that no key is sent to a wrong address.
        """
        said = {"email": email, "api_url": api_url}
        account = replaced(
            read_account(self.merged, name), **{key: value for key, value in said.items() if value}
        )
        if wrong := [*check_values(values_of(account))]:
            raise ConfigError(
                msg('The account "{value}" can\'t be used.', value=name),
                "",
                tuple(redacted(at_key(str(key), said)) for (key,), said, _ in wrong),
            )
        return account

    def place(self, path: str) -> tuple[str, str]:
        """Return a folder as it is to be written, and its real path.

        UnusableError if it cannot be watched.
        """
        written = as_written(path)
        place, problem = find_place(written, os.environ, self.home, self.state_dir)
        if problem:
            raise UnusableError(
                msg("This folder can't be watched: {why}.", why=problem), field="path"
            )
        return written, place

    def plan(self, answers: Answers) -> tuple[Edit, ...]:
        """Return the edits that follow from answers; UsageError if these have problems."""
        self._refuse_locked(answers)
        _refuse(find_problems(answers, self.known))
        return plan_edits(answers, self.known)

    def check_account(self, answers: Answers) -> None:
        """Raise UsageError for problems of the account: before the key goes where it says."""
        self._refuse_locked(answers)
        _refuse(find_account_problems(answers, self.known))

    def find(self, path: str) -> int | None:
        """Return the number (from 0) of the folder ``path``, as configured or by its real path."""
        written = [folder.path for folder in self.known.folders]
        if path in written:
            return written.index(path)
        return self.known.number(find_place(as_written(path), os.environ, self.home)[0])

    def number(self, path: str) -> int:
        """Return the same; UnusableError if it is not watched."""
        at = self.find(path)
        if at is None:
            known = ", ".join(folder.path for folder in self.known.folders)
            raise UnusableError(
                msg("{path} is not a watched folder.", path=path),
                msg("Watched folders: {names}.", names=known)
                if known
                else msg("No folder is watched."),
            )
        return at

    def propose(self, edits: Sequence[Edit]) -> tuple[str, list[Message]]:
        """Return the text with ``edits``, and new warnings; ConfigError if it has mistakes.

        Warnings name no setting: a person has answered questions.
        UnusableError for a folder to remove that is not in the person's own configuration.
        """
        for edit in edits:
            if isinstance(edit, DropFolder) and self.known.folders[edit.at].is_machine:
                raise UnusableError(
                    msg(
                        "{path} is set for this computer, in {place}.",
                        path=self.known.folders[edit.at].path,
                        place=self.known.machine,
                    ),
                    msg("Ask your administrator to change that."),
                )
        text = apply(self.text, edits) if edits else self.text
        try:
            warnings = self._load(text).warnings
        except ConfigError as error:
            mistakes = plural("1 mistake", "{count:count} mistakes", len(error.mistakes))
            raise ConfigError(
                msg(
                    "Nothing was saved: with this change, {path} would have {what}"
                    " (line numbers are those of the new file).",
                    path=self.path,
                    what=mistakes,
                ),
                msg("Fix that, then try again."),
                error.mistakes,
            ) from error
        old: set[Message] = set()
        with contextlib.suppress(ConfigError):  # its mistakes are fixed now
            old.update(map(_without_line, self._load(self.text).warnings))
        new = [said for said in map(_without_line, warnings) if said not in old]
        return text, [as_sentence(without_key(said)) for said in new]

    def difference(self, text: str) -> list[str]:
        """Return what would change, line by line."""
        before, after = self.text.splitlines(), text.splitlines()
        old = self.path if self.text else os.devnull
        lines = difflib.unified_diff(before, after, old, self.path, lineterm="")
        return [line.expandtabs() for line in lines]

    def write(self, text: str) -> None:
        """Save ``text`` as the configuration; ConfigError if that fails; then nothing changes."""
        replace_text(self.path, self.text, text)

    def _refuse_locked(self, answers: Answers) -> None:
        locked = find_locked(answers, self.known)
        _refuse(locked, msg("Leave that out, or ask your administrator."))

    def _load(self, text: str) -> Loaded:
        return load_text(
            self.path, text, environ=os.environ, home=self.home, state_dir=self.state_dir,
            layer=self.layer,
        )  # fmt: skip


def _refuse(problems: Sequence[WrongAnswer], hint: Text = "") -> None:
    if problems:
        said = sentences([each.said for each in problems])
        raise UsageError(said, hint, field=problems[0].field)


def as_written(path: str) -> str:
    """Return a folder as it is to be written: in full, unless it begins with "~" or a variable."""
    return path if path.startswith(("~", "$", "%")) else os.path.abspath(path)


def _without_line(warning: Message) -> Message:
    """Return a warning without the line it stands at, which an edit may move."""
    said = warning.args["said"]
    assert isinstance(said, Message)
    return said
