"""Paths in the configuration: what they mean, and whether they can be watched or filed into."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from watcher.config.characters import is_unseen, name_unseen
from watcher.config.english import msg
from watcher.config.mistakes import Mistakes, nearest
from watcher.routing.rules import filing_targets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from watcher.config.lines import Way
    from watcher.model.settings import Folder

_VARIABLE = re.compile(r"\$(?:([A-Za-z_]\w*)|\{(\w+)\})|%(\w+)%")
#: Settings that are paths.
PATHS: Final = ("path", "sent_folder", "refused_folder")


def expand(
    text: str, way: Way, mistakes: Mistakes, environ: Mapping[str, str], home: str
) -> str | None:
    """``text`` with ``~`` and variables put in; None and a mistake where one is not known."""
    unknown = []

    def put(found: re.Match[str]) -> str:
        name = found[1] or found[2] or found[3]
        if name not in environ:
            unknown.append(name)
        return environ.get(name, "")

    path = _VARIABLE.sub(put, text)
    for name in unknown:
        hint = nearest(name, environ)
        mistakes.add(way, f"the environment has no variable {name}{hint}")
    if path == "~" or path.startswith(("~/", "~\\")):
        path = home + path[1:]
    return None if unknown else path


def check_path(
    path: str, mistakes: Mistakes, way: Way, home: str, state_dir: str, *, create: bool = False
) -> None:
    """Note why the folder at the absolute ``path`` cannot be watched.

    ``create``: it is made where it is missing. ``mistakes`` knows where the configuration itself
    is, which must not be sent anywhere either.
    """
    if os.path.exists(path) and not os.path.isdir(path):
        mistakes.add(way, msg("{path} is a file, not a folder", path=path))
    elif os.path.dirname(path) == path:
        mistakes.add(way, msg("{path} is a whole drive; name a folder on it", path=path))
    elif _real(path) == _real(home):
        mistakes.add(way, msg("{path} is your home folder; name a folder in it", path=path))
    elif is_in(home, path):
        mistakes.add(
            way, msg("{path} holds your whole home folder; name a folder in that", path=path)
        )
    elif state_dir and is_in(path, state_dir):
        mistakes.add(way, msg("{path} is where the program keeps its own files", path=path))
    elif state_dir and is_in(state_dir, path):
        mistakes.add(way, msg("the program keeps its own files in it, at {path}", path=state_dir))
    elif mistakes.path and is_in(mistakes.path, path):
        mistakes.add(way, msg("this configuration lies in it, at {path}", path=mistakes.path))
    elif create and not is_in(path, home):
        said = msg("it is created in your home folder only: elsewhere a drive may just be missing")
        mistakes.warn((*way[:-1], "create"), said)
    elif not os.path.lexists(path) and not create:
        unseen = next(filter(is_unseen, path), "")
        said = (
            msg(
                "{path} is not there, and there is an invisible character in it, {character}",
                path=path,
                character=name_unseen(unseen),
            )
            if unseen
            else msg("{path} is not there yet; it is watched as soon as it is", path=path)
        )
        mistakes.warn(way, said)


def check_target(folder: str, target: str, mistakes: Mistakes, way: Way) -> None:
    """Note why files of a folder cannot be filed into ``target``."""
    place = os.path.normpath(os.path.join(folder, target))
    if not target.strip():
        mistakes.add(way, msg("is empty; name a folder"))
    elif is_in(folder, place):
        mistakes.add(
            way, msg('"{path}" is the folder itself or lies around it; name a folder in it, or the full path of another one', path=target)
        )  # fmt: skip
    elif not os.path.isabs(target) and not place.startswith(os.path.join(folder, "")):
        mistakes.add(
            way,
            msg(
                '"{path}" leads out of the folder; write its full path if you mean it', path=target
            ),
        )
    elif os.path.isfile(place):
        mistakes.add(way, msg("{path} is a file, not a folder", path=place))


def check_overlaps(folders: Sequence[tuple[Way, Folder]], mistakes: Mistakes) -> None:
    """Note folders that are watched twice or filed into, and say of those in each other."""
    real = [_real(folder.path) for _, folder in folders]
    targets = [
        (other, name, _real(os.path.join(outer.path, target)))
        for other, (_, outer) in enumerate(folders)
        for name, target in filing_targets(outer).items()
    ]
    for number, ((way, folder), path) in enumerate(zip(folders, real, strict=True)):
        inner = (*way, "path")
        if path in real[:number]:
            first = mistakes.folder(folders[real.index(path)][0], inner)
            mistakes.add(
                inner, msg("{path} is watched already, as {what}", path=folder.path, what=first)
            )
            continue
        for other, outer in enumerate(real):
            if path != outer and _is_below(path, outer):
                around = mistakes.folder(folders[other][0], inner)
                said = msg("lies in {what}; its files go this folder's way", what=around)
                mistakes.warn(inner, said)
        for other, name, target in targets:
            if other != number and _is_below(path, target):
                around = mistakes.folder(folders[other][0], inner)
                mistakes.add(
                    inner, msg("is the {key} of {what} or lies in it, and what was filed away is never watched", key=name, what=around)
                )  # fmt: skip


def is_in(path: str, directory: str) -> bool:
    """Whether ``path`` is ``directory`` or below it, once links are followed."""
    return _is_below(_real(path), _real(directory))


def _is_below(inner: str, outer: str) -> bool:
    return inner == outer or inner.startswith(os.path.join(outer, ""))


def place_of(path: object, environ: Mapping[str, str], home: str) -> str:
    """Where a folder's raw path leads, to be compared; "" where it leads nowhere."""
    if not isinstance(path, str):
        return ""
    expanded = expand(path, (), Mistakes("", {}), environ, home)
    return _real(expanded) if expanded and os.path.isabs(expanded) else ""


def _real(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))
