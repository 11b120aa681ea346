"""What has to be in the frozen program that no `import` statement names.

It is computed from what is installed, so that a new module, command or library needs no line here.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pkgutil
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Libraries that choose their parts while running; each part is loaded by name.
_CHOOSING = ("keyring", "psycopg", "psycopg_binary", "watchdog", "pystray")
#: Not for a program that people use: they bring what only tests and builds need.
UNUSED = ("tkinter", "unittest", "pydoc", "pip", "setuptools", "test", "_pytest", "IPython")


def hidden_imports(distribution: str = "hrflow-watcher") -> list[str]:
    """Names of modules: all of the program's, and the parts its libraries choose from."""
    found = {*modules_of("watcher")}
    for name in _CHOOSING:
        found.update(modules_of(name))
    for name in needed(distribution):
        for point in importlib.metadata.distribution(name).entry_points:
            if point.group.endswith(".backends"):
                found.add(point.module)
    return sorted(found)


def modules_of(package: str) -> Iterator[str]:
    """A package and every module below it, without importing any; nothing if it is not there."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        return
    yield package
    for place in spec.submodule_search_locations or ():
        yield from _below(place, package)


def _below(place: str, package: str) -> Iterator[str]:
    for each in pkgutil.iter_modules([place]):
        name = f"{package}.{each.name}"
        if each.name in ("testing", "tests"):
            continue
        yield name
        if each.ispkg:
            yield from _below(os.path.join(place, each.name), name)


def needed(distribution: str) -> list[str]:
    """The distributions that ``distribution`` needs on this system, itself included."""
    found: dict[str, str] = {}
    waiting = [distribution]
    while waiting:
        name = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found:
            continue
        try:
            requires = importlib.metadata.distribution(name).requires or []
        except importlib.metadata.PackageNotFoundError:  # for another system
            continue
        found[key] = name
        waiting += [re.split(r"[^\w.-]", each, maxsplit=1)[0] for each in requires
                    if "extra ==" not in each]  # fmt: skip
    return sorted(found.values())


def data_files(package: str = "watcher") -> list[tuple[str, str]]:
    """(file, folder inside): pages, pictures, and the modules' text.

    The text is read for the words that may stand in a bundle for support.
    """
    found = []
    spec = importlib.util.find_spec(package)
    assert spec is not None
    for root in spec.submodule_search_locations or ():
        for at, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            inside = os.path.join(package, os.path.relpath(at, root))
            found += [(os.path.join(at, name), os.path.normpath(inside)) for name in sorted(names)]
    return found
