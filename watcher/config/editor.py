"""Changes of the configuration: which are allowed, what each would make of it, and saving it."""

from __future__ import annotations

import contextlib
import difflib
import os
import stat
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import asdict, replace

from watcher.config.checks import check_values
from watcher.config.edits import DropFolder, apply
from watcher.config.load import load_text, put_together
from watcher.config.machine import MachineFile, find_layer
from watcher.config.mistakes import Mistakes, as_sentence, at_key, redacted, without_key
from watcher.config.paths import PathContext
from watcher.config.setup_plan import (
    find_account_problems,
    find_locked,
    find_problems,
    plan_edits,
    read_account,
    read_configured,
)
from watcher.config.toml import parse, read_text
from watcher.i18n.message import Message, msg, plural, sentences
from watcher.model.errors import ConfigError, UnusableError, UsageError
from watcher.system import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.config import Loaded
    from watcher.config.edits import Edit
    from watcher.config.layers import Merged
    from watcher.config.machine import Layer
    from watcher.config.setup_plan import Answers, Configured, WrongAnswer
    from watcher.i18n.message import Text
    from watcher.model.settings import Account


class Editor(Struct, frozen=True):
    """The configuration as it was when the change began."""

    path: str
    text: str
    paths: PathContext
    layer: Layer | None
    merged: Merged
    configured: Configured

    @classmethod
    def open(cls, path: str, state_dir: str) -> Editor:
        """Read it; ConfigError if it is not TOML. One that does not exist yet is empty.

        The system-wide configuration is read too, but never written.
        """
        paths = PathContext(os.environ, os.path.expanduser("~"), state_dir)
        layer = find_layer(MachineFile.of_process(os.environ))
        text = read_or_new(path)
        merged = put_together(parse(path, text), layer, paths, Mistakes())
        return cls(path, text, paths, layer, merged, read_configured(merged, paths))

    def account(self, answers: Answers) -> Account:
        """Return the account to ask HrFlow with: what is answered, else what is configured.

        UsageError or ConfigError if that makes no sense, so that no key is sent to a wrong address.
        """
        self._refuse_locked(answers)
        _refuse(find_account_problems(answers, self.configured))
        said = {"email": answers.email, "api_url": answers.api_url}
        account = replace(
            read_account(self.merged, answers.account),
            **{key: value for key, value in said.items() if value},
        )
        if wrong := [*check_values(asdict(account))]:
            raise ConfigError(
                msg('The account "{value}" can\'t be used.', value=account.name),
                "",
                tuple(redacted(at_key(str(key), said)) for (key,), said, _ in wrong),
            )
        return account

    def place(self, path: str) -> tuple[str, str]:
        """Return a folder as it is to be written, and its real path.

        UnusableError if it cannot be watched.
        """
        written = as_written(path)
        place, problem = self.paths.find_place(written)
        if problem:
            raise UnusableError(
                msg("This folder can't be watched: {why}.", why=problem), field="path"
            )
        return written, place

    def plan(self, answers: Answers) -> tuple[Edit, ...]:
        """Return the edits that follow from answers; UsageError if these have problems."""
        self._refuse_locked(answers)
        _refuse(find_problems(answers, self.configured))
        return plan_edits(answers, self.configured)

    def find(self, path: str) -> int | None:
        """Return the number (from 0) of the folder ``path``, as configured or by its real path."""
        written = [folder.path for folder in self.configured.folders]
        if path in written:
            return written.index(path)
        return self.configured.number(self.paths.find_place(as_written(path))[0])

    def number(self, path: str) -> int:
        """Return the same; UnusableError if it is not watched."""
        at = self.find(path)
        if at is None:
            names = ", ".join(folder.path for folder in self.configured.folders)
            raise UnusableError(
                msg("{path} is not a watched folder.", path=path),
                msg("Watched folders: {names}.", names=names)
                if names
                else msg("No folder is watched."),
            )
        return at

    def propose(self, edits: Sequence[Edit]) -> tuple[str, list[Message]]:
        """Return the text with ``edits``, and new warnings; ConfigError if it has mistakes.

        Warnings name no setting: a person has answered questions.
        UnusableError for a folder to remove that is not in the person's own configuration.
        """
        for edit in edits:
            if isinstance(edit, DropFolder) and self.configured.folders[edit.at].is_machine:
                raise UnusableError(
                    msg(
                        "{path} is set for this computer, in {place}.",
                        path=self.configured.folders[edit.at].path,
                        place=self.configured.machine,
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
        locked = find_locked(answers, self.configured)
        _refuse(locked, msg("Leave that out, or ask your administrator."))

    def _load(self, text: str) -> Loaded:
        return load_text(self.path, text, self.paths, self.layer)


def _refuse(problems: Sequence[WrongAnswer], hint: Text = "") -> None:
    if problems:
        said = sentences([each.said for each in problems])
        raise UsageError(said, hint, field=problems[0].field)


def as_written(path: str) -> str:
    """Return a folder as it is to be written: in full, unless it begins with "~" or a variable."""
    return path if path.startswith(("~", "$", "%")) else os.path.abspath(path)


def _without_line(warning: Message) -> Message:
    """Return a warning without the line it is on, which an edit may move."""
    said = warning.args["said"]
    assert isinstance(said, Message)
    return said


# -- the file


def read_or_new(path: str) -> str:
    """Return the text at ``path``, without a byte order mark; "" if there is no file."""
    return read_text(path) if os.path.exists(path) else ""


def replace_text(path: str, old: str, new: str) -> None:
    """Replace the text ``old`` at ``path`` by ``new``, atomically.

    A link stays a link: the file it leads to is replaced, and keeps its mode and owner. A new file
    can be read by its owner only. ConfigError if the file cannot be written, or is no longer
    ``old``.
    """
    target, mode, owner = os.path.realpath(path), 0o600, None
    try:
        content = new.encode()
        if read_or_new(path) != old:
            raise ConfigError(
                msg("The configuration {path} has been changed in the meantime.", path=path),
                msg("Nothing was saved. Check that change, then try again."),
            )
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        if os.path.exists(target):
            facts = os.stat(target)
            mode, owner = stat.S_IMODE(facts.st_mode), (facts.st_uid, facts.st_gid)
        write_atomically(target, content, mode=mode, owner=owner)
    except UnicodeEncodeError as error:
        raise ConfigError(
            msg("A name that is not valid text can't be saved in the configuration."),
            msg("Rename it."),
        ) from error
    except OSError as error:
        raise ConfigError(
            msg(
                "The configuration {path} can't be written ({error}).",
                path=path,
                error=error.strerror,
            ),
            msg(
                "It is unchanged. Give yourself permission to write it, or choose another one"
                " with --config."
            ),
        ) from error
