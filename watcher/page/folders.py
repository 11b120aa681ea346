"""Folders: those that are watched, files added to them or looked up, and the folder picker."""

from __future__ import annotations

import ctypes
import os
import threading
from contextlib import suppress
from functools import partial
from itertools import islice
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace

from watcher.config.tags import write_tags
from watcher.daemon.dry_run import MISSING, check_file
from watcher.daemon.plans import former_targets, make_plans
from watcher.daemon.snapshots import source_names
from watcher.daemon.threads import on_thread
from watcher.documents.adding import Addition
from watcher.i18n.message import Message, msg
from watcher.model.errors import UnusableError, UsageError, WatcherError
from watcher.model.files import Candidate
from watcher.model.kinds import Sign
from watcher.present import view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from watcher.daemon.core import App
    from watcher.daemon.dry_run import Verdict
    from watcher.daemon.state_folder import Places
    from watcher.i18n.message import Catalog
    from watcher.model.settings import Folder, Rule
    from watcher.model.uploads import Route
    from watcher.routing.rules import Plan

    Names = Mapping[tuple[str, str], str]


class FolderSettings(Struct, frozen=True):
    """Reads the settings of the running program."""

    app: App
    places: Places
    word: Catalog

    def all(self) -> dict[str, object]:
        """Return all folders, each with its rules in order."""
        names = source_names(self.places)
        problems = {each.path: self.word(each.problem) for each in self.app.snapshot().watched}
        return {
            "folders": [
                _folder(folder, problems.get(os.path.realpath(folder.path), ""), names)
                for folder in self.app.config.folders
            ]
        }

    def check(self, order: Mapping[str, Any]) -> dict[str, object]:
        """Return what would happen to the file at ``path``; the code that uploads decides it."""
        path = order.get("path")
        if not isinstance(path, str) or not path.strip():
            raise UsageError(msg("Enter the path of a file."))
        path = os.path.expanduser(path.strip().strip('"'))
        if not os.path.isabs(path):
            raise UsageError(msg("Enter the full path of the file."))
        return self._told(check_file(path, self._plans(), self.places))

    def check_dropped(self, query: Mapping[str, str], data: bytes) -> dict[str, object]:
        """Take a piece of a file as :meth:`Additions.add` does, but only look at the file.

        Returns with the last piece the ``verdicts``: what would happen to it in each folder.
        """
        root = os.path.realpath(self.places.spool)
        os.makedirs(root, mode=0o700, exist_ok=True)
        trials = {
            folder: replace(plan, folder=replace(plan.folder, path=root))
            for folder, plan in self._plans().items()
        }
        if not trials:
            raise UsageError(msg("No folder is watched."))
        file = _addition(query, next(iter(trials.values())))
        part, path = _take(file, query, data)
        if not path:
            return {"part": part}
        try:
            return {
                "verdicts": [
                    {"folder": folder, **self._told(check_file(path, {root: plan}, self.places))}
                    for folder, plan in trials.items()
                ]
            }
        finally:
            os.unlink(path)

    def _plans(self) -> dict[str, Plan]:
        return make_plans(self.app.config, former_targets(self.places))

    def _told(self, verdict: Verdict) -> dict[str, object]:
        document = verdict.document
        return {
            "file": view.safe(verdict.file),
            "what": self.word(document.sniffed.what) if document else "",
            "media_type": document.sniffed.media_type if document else "",
            "size": document.stat.size if document else None,
            "rule": verdict.rule,
            "fields": self._named_fields(verdict),
            "good": any(each.is_sent for each in (verdict, *verdict.parts)),
            "sentence": self.word(self._sentence(verdict)),
            "inside": [self.word(self._sentence(part)) for part in verdict.parts],
        }

    def _sentence(self, verdict: Verdict) -> Message:
        """Return what would happen to a file, as a sentence."""
        file = os.path.basename(verdict.file)
        if verdict.display is MISSING:
            return msg("{file} was not found; check the path.", file=file)
        if verdict.is_sent and verdict.route and verdict.document:
            return msg(
                "{file} is {what} and would be uploaded to {source}.",
                file=file,
                what=verdict.document.sniffed.what,
                source=self._source_name(verdict.route) or verdict.route.source_key,
            )
        return msg("{file}: {why}", file=file, why=verdict.why)

    def _named_fields(self, verdict: Verdict) -> dict[str, str]:
        """Return the fields of an upload, with the source's name beside its key if it is known."""
        fields = verdict.fields
        if verdict.route and (name := self._source_name(verdict.route)):
            fields["source_key"] = f"{name} ({verdict.route.source_key})"
        return fields

    def _source_name(self, route: Route) -> str:
        return source_names(self.places).get((route.account, route.source_key), "")


def _folder(folder: Folder, problem: str, names: Names) -> dict[str, object]:
    return {
        "path": folder.path,
        "real": os.path.realpath(folder.path),
        "problem": problem,
        "account": folder.account,
        "source": _source(folder, folder.source_key, names),
        "tags": write_tags(folder.tags),
        "recursive": folder.recursive,
        "existing": folder.existing.value,
        "after_upload": folder.after_upload.value,
        "max_size": folder.max_size,
        "rules": [_rule(folder, at, rule, names) for at, rule in enumerate(folder.rules, 1)],
    }


def _source(folder: Folder, key: str, names: Names) -> str:
    return names.get((folder.account, key), key)


def _rule(folder: Folder, number: int, rule: Rule, names: Names) -> dict[str, object]:
    return {
        "number": number,
        "match": rule.match or "**",
        "media_types": list(rule.media_types),
        "ignore": rule.ignore,
        "source": _source(folder, rule.source_key or "", names),
        "tags": write_tags(rule.tags),
        "reference": rule.reference or "",
        "min_size": rule.min_size,
        "max_size": rule.max_size,
    }


# -- Files that are dropped onto the page


class Additions(Struct, frozen=True):
    """Puts copies of files into watched folders; they come in pieces, one request each."""

    app: App
    word: Catalog

    def add(self, query: Mapping[str, str], data: bytes) -> dict[str, object]:
        """Add a piece of a file; return ``path`` if it was the last, else the ``part`` so far.

        ``query`` has the ``folder`` and the path ``name`` below it, the ``size`` and when it was
        ``modified``, and from the second piece on the ``part`` and how much there is of it, the
        ``offset``. What would not be uploaded is ``left_out``, and why.
        """
        file = _addition(query, self.app.plan(str(query.get("folder"))))
        if not query.get("part") and (why := file.left_out()):
            return {"left_out": self.word(why)}
        part, path = _take(file, query, data)
        if not path:
            return {"part": part}
        # Where folders are scanned, nothing else would tell of it now.
        self.app.post(Candidate(file.plan.folder.path, path, Sign.CLOSED))
        return {"path": path}

    def cancel(self, body: Mapping[str, Any]) -> dict[str, object]:
        """Remove the ``part`` of a file that is not to be added after all."""
        _addition(body, self.app.plan(str(body.get("folder")))).cancel(str(body.get("part")))
        return {}


def _addition(query: Mapping[str, Any], plan: Plan) -> Addition:
    return Addition(
        plan,
        str(query.get("name", "")),
        _number(query, "size"),
        _number(query, "modified") / 1000,
    )


def _take(file: Addition, query: Mapping[str, str], data: bytes) -> tuple[str, str]:
    """Take a piece of a file; return the name of its part, and its path after the last piece."""
    part = query.get("part", "") or file.begin()
    try:
        offset = _number(query, "offset")
        file.append(part, offset, data)
        return part, "" if offset + len(data) < file.size else file.finish(part)
    except WatcherError:
        with suppress(WatcherError):  # what has failed before may do so again
            file.cancel(part)
        raise


def _number(query: Mapping[str, Any], name: str) -> int:
    """Return a number from a script's request, 0 if it is missing; UsageError if it is not one."""
    text = str(query.get(name, 0))
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise UsageError(msg("{key} must be a number.", key=name))
    return int(text)


# -- The folder picker


#: Entries of a directory that are looked at, and those that are listed.
_LOOKED_AT: Final = 20_000
_LISTED: Final = 500
#: Characters of the longest path.
_LONGEST: Final = 4000
#: Seconds for a directory: one of a server that is gone never answers.
_TIMEOUT: Final = 5.0
#: Directories that may be listed at the same time, those that never answer included.
_AT_ONCE: Final = 4


class Picker:
    """Lists directories to the page's owner. For all threads."""

    def __init__(
        self, read: Callable[..., dict[str, object]] | None = None, timeout: float = _TIMEOUT
    ) -> None:
        """``read`` is :func:`read_directory`."""
        self._read = read or read_directory
        self._timeout = timeout
        self._free = threading.Semaphore(_AT_ONCE)

    def list(self, query: Mapping[str, str]) -> dict[str, object]:
        """Return what is in the directory ``path``, by default the home folder.

        ``files`` asks for files too. UnusableError if the directory cannot be read, or does not
        answer in time.
        """
        path = os.path.expanduser(query.get("path", "").strip() or "~")
        if not os.path.isabs(path) or len(path) > _LONGEST or "\0" in path:
            raise UsageError(msg("This folder can't be shown."))
        read = partial(self._read, path, with_files=bool(query.get("files")))
        late = UnusableError(
            msg("{path} doesn't respond.", path=path),
            msg("Check the connection to its drive or server, or type the path."),
        )
        if not self._free.acquire(timeout=self._timeout):
            raise late
        reading = on_thread(read, "picker")
        reading.add_done_callback(lambda _: self._free.release())
        try:
            return reading.result(self._timeout)
        except TimeoutError:
            raise late from None
        except OSError as error:
            raise UnusableError(
                msg("{path} can't be opened ({error}).", path=path, error=error.strerror)
            ) from error


def read_directory(path: str, *, with_files: bool) -> dict[str, object]:
    """Return the directories in ``path``, and its files if they are wanted; OSError.

    Hidden ones, links, and what cannot be read are left out. ``is_whole`` is False if there are
    more than are listed; ``drives`` are those of Windows.
    """
    path = os.path.realpath(path)
    with os.scandir(path) as entries:
        seen = list(islice(entries, _LOOKED_AT + 1))
    directories = sorted(_names(seen, is_directory=True), key=str.casefold)
    files = sorted(_names(seen, is_directory=False), key=str.casefold) if with_files else []
    parent = os.path.dirname(path)
    windows = getattr(ctypes, "windll", None)  # on no other system
    return {
        "path": path,
        "parent": parent if parent != path else "",
        "directories": directories[:_LISTED],
        "files": files[:_LISTED],
        "drives": drives(windows.kernel32.GetLogicalDrives()) if windows else [],
        "separator": os.sep,
        "is_whole": len(seen) <= _LOOKED_AT and max(len(directories), len(files)) <= _LISTED,
    }


def drives(bits: int) -> list[str]:
    """Return the drives as paths; ``bits`` has one for each letter, A the lowest."""
    return [f"{letter}:\\" for at, letter in enumerate(ascii_uppercase) if bits >> at & 1]


def _names(entries: list[os.DirEntry[str]], *, is_directory: bool) -> Iterator[str]:
    """Yield the names of the directories, or of the files, that a person can read."""
    needed = os.R_OK | os.X_OK if is_directory else os.R_OK
    for entry in entries:
        look = entry.is_dir if is_directory else entry.is_file
        try:
            fits = look(follow_symlinks=False) and not _is_hidden(entry)
        except OSError:  # it has just been removed
            continue
        if fits and os.access(entry.path, needed):
            yield entry.name


def _is_hidden(entry: os.DirEntry[str]) -> bool:
    """Whether a person does not see it elsewhere, or its name cannot be written here."""
    if entry.name.startswith(".") or not entry.name.isprintable():
        return True
    attributes = getattr(entry.stat(follow_symlinks=False), "st_file_attributes", 0)
    return bool(attributes & 0x2)  # FILE_ATTRIBUTE_HIDDEN, on Windows
