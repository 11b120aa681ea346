"""Paths: where the configuration is looked for, and what the paths in it mean.

Of those it is told whether they can be watched, or filed into.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from watcher.config.mistakes import nearest, redacted, shown
from watcher.i18n.message import NOTHING, Message, msg
from watcher.routing.ignored import filing_targets
from watcher.routing.names import is_in, lies_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from watcher.config.mistakes import Location, Mistakes
    from watcher.model.settings import Folder

_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{(\w+)\})|%(\w+)%")
#: Settings that are paths.
PATHS: Final = ("path", "sent_folder", "refused_folder")


# -- of the configuration


def default_path(environ: Mapping[str, str]) -> str:
    """Return ``HRFLOW_WATCHER_CONFIG``, or the platform's place for configurations."""
    if named := environ.get("HRFLOW_WATCHER_CONFIG"):
        return os.path.abspath(os.path.expanduser(named))
    import platformdirs  # noqa: PLC0415 - only where nothing was named

    folder: str = platformdirs.user_config_dir("hrflow-watcher", appauthor=False)
    return os.path.join(folder, "config.toml")


def is_absent(path: str) -> bool:
    """Whether a file is surely not there; in a folder that may not be read one may be."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


# -- in the configuration


class PathContext(Struct, frozen=True):
    """What paths in a configuration depend on.

    ``environ`` and ``home`` are what variables and ``~`` stand for; ``state_dir`` is where the
    program keeps its own files, which is never watched, "" where that does not matter.
    """

    environ: Mapping[str, str]
    home: str
    state_dir: str = ""

    def expand(self, text: str) -> tuple[str, list[Message]]:
        """Return ``text`` with ``~`` and variables put in, and a sentence for each unknown one."""
        problems: list[Message] = []

        def put(found: re.Match[str]) -> str:
            name = found[1] or found[2] or found[3]
            if name not in self.environ:
                hint = nearest(name, self.environ)
                problems.append(
                    msg("there is no environment variable {name}{hint}", name=name, hint=hint)
                )
            return self.environ.get(name, "")

        path = _VARIABLE.sub(put, text)
        if path == "~" or path.startswith(("~/", "~\\")):
            path = self.home + path[1:]
        return path, problems

    def find_obstacle(self, path: str, config: str = "") -> Message:
        """Return why the folder at ``path`` cannot be watched, nothing if it can.

        ``config`` is where the configuration is, which must not be sent anywhere either.
        """
        if not os.path.isabs(path):
            return msg('{item} is not a full path; begin it with "/" or "~/"', item=shown(path))
        if os.path.exists(path) and not os.path.isdir(path):
            return msg("{path} is a file, not a folder", path=path)
        if os.path.dirname(path) == path:
            return msg("{path} is a whole drive; choose a folder on it", path=path)
        if _real(path) == _real(self.home):
            return msg("{path} is your home folder; choose a folder in it", path=path)
        if leads_into(self.home, path):
            return msg(
                "{path} contains your whole home folder; choose a folder inside your home folder",
                path=path,
            )
        if self.state_dir and leads_into(path, self.state_dir):
            return msg("{path} is where the program keeps its own files", path=path)
        if self.state_dir and leads_into(self.state_dir, path):
            return msg("the program keeps its own files in it, at {path}", path=self.state_dir)
        if config and leads_into(config, path):
            return msg("this configuration is in it, at {path}", path=config)
        return NOTHING

    def find_place(self, text: str) -> tuple[str, Message]:
        """Return where a folder leads, links followed, and why it cannot be watched, if so."""
        path, problems = self.expand(text)
        if problems:
            return os.path.realpath(text), redacted(problems[0])
        path = os.path.normpath(path) if path else text
        return os.path.realpath(on_disk(path)), redacted(self.find_obstacle(path))

    def place_of(self, path: object) -> str:
        """Return where a folder's raw path leads, to be compared; "" where it leads nowhere."""
        if not isinstance(path, str):
            return ""
        expanded, problems = self.expand(path)
        return _real(expanded) if not problems and os.path.isabs(expanded) else ""


def find_target_problem(folder: str, target: str) -> Message:
    """Return why files of a folder cannot be filed into ``target``, nothing if they can."""
    place = os.path.normpath(os.path.join(folder, target))
    if not target.strip():
        return msg("is empty; choose a folder")
    if leads_into(folder, place):
        return msg(
            '"{path}" is the folder itself or contains it; choose a folder inside it, or'
            " write the full path of another one",
            path=target,
        )
    if not os.path.isabs(target) and not is_in(place, folder, os.sep):
        return msg(
            '"{path}" is outside the folder; write its full path if that is intended', path=target
        )
    if os.path.isfile(place):
        return msg("{path} is a file, not a folder", path=place)
    return NOTHING


def check_overlaps(folders: Sequence[tuple[Location, Folder]], mistakes: Mistakes) -> None:
    """Note folders that are watched twice or filed into, and warn of those in each other.

    Each comes with the place that its path stands at.
    """
    real = [_real(folder.path) for _, folder in folders]
    for number, ((location, folder), path) in enumerate(zip(folders, real, strict=True)):
        if path in real[:number]:
            first = _called(folders[real.index(path)][0], location)
            said = msg("{path} is already watched, as {what}", path=folder.path, what=first)
            mistakes.add(location, said)
            continue
        for other, (outer_location, outer) in enumerate(folders):
            what = _called(outer_location, location)
            if path != real[other] and is_in(path, real[other], os.sep):
                said = msg(
                    "{path} is inside {outer}, whose settings don't apply to its files",
                    path=folder.path,
                    outer=outer.path,
                )
                mistakes.warn(location, said)
            for name, target in filing_targets(outer).items():
                if other != number and leads_into(path, os.path.join(outer.path, target)):
                    said = msg(
                        "is the {key} of {what} or inside it; files that were filed away are never"
                        " watched",
                        key=name,
                        what=what,
                    )
                    mistakes.add(location, said)


def _called(location: Location, seen_from: Location) -> Message:
    """Return a folder for people, by its number in its file: ``folder 2``."""
    number = int(location.key_path[1]) + 1
    if location.file == seen_from.file:
        return msg("folder {number}", number=number)
    return msg("folder {number} of {path}", number=number, path=location.file)


def leads_into(path: str, directory: str) -> bool:
    """Whether ``path`` is ``directory`` or below it, once links are followed."""
    return is_in(_real(path), _real(directory), os.sep)


def on_disk(path: str) -> str:
    """Return a path with the spelling that it has on disk; unchanged where nothing is there.

    The same name may be written in several ways (Unicode forms of an accent).
    """
    directory, name = os.path.split(path)
    if os.path.lexists(path) or directory == path:
        return path
    directory = on_disk(directory)
    try:
        same = [each for each in os.listdir(directory) if lies_in(each, name, os.sep)]
    except OSError:  # opening the path fails too, and says why
        same = []
    return os.path.join(directory, same[0] if len(same) == 1 else name)


def _real(path: str) -> str:
    return os.path.normcase(os.path.realpath(on_disk(path)))
