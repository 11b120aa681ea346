"""GTK's Python bindings (``gi``) from where the system's package manager put them.

They come with the distribution (python3-gi), as they belong to its GTK, and a virtual environment
does not see them. Only this one package is taken from there, and only for the very same Python:
its compiled part carries the version in its name. Nothing else of the system's packages becomes
importable.
"""

from __future__ import annotations

import glob
import importlib.machinery
import importlib.util
import logging
import os
import sys
import sysconfig
from typing import TYPE_CHECKING, Final

from watcher.tray.backends import Parts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

_log = logging.getLogger(__name__)
#: Where distributions keep it; ``{version}`` is "3.11". Debian and its kin, Fedora, Arch.
_PLACES: Final = (
    "/usr/lib/python3/dist-packages",
    "/usr/lib64/python{version}/site-packages",
    "/usr/lib/python{version}/site-packages",
)
_INDICATORS: Final = ("AyatanaAppIndicator3", "AppIndicator3")


def find_parts() -> Parts:
    """What can be imported; ``gi`` is in ``sys.modules`` afterwards if it can be had at all."""
    gi = import_gi()
    if gi is None or not _has(gi, "Gtk", "3.0"):
        return Parts()
    return Parts(has_gtk=True, has_indicator=any(_has(gi, name, "0.1") for name in _INDICATORS))


def import_gi() -> ModuleType | None:
    """``gi``, from here or from the system."""
    try:
        import gi  # noqa: PLC0415 - not there on most systems
    except ImportError:
        return import_from(name.format(version=_version()) for name in _PLACES)
    found: ModuleType = gi
    return found


def import_from(places: Iterable[str]) -> ModuleType | None:
    """``gi`` from the first of ``places`` that has it for this Python."""
    ending = sysconfig.get_config_var("EXT_SUFFIX") or ".so"
    for place in places:
        if not glob.glob(os.path.join(glob.escape(place), "gi", f"_gi{ending}")):
            continue
        spec = importlib.machinery.PathFinder.find_spec("gi", [place])
        if spec is None or spec.loader is None:
            continue
        module = importlib.util.module_from_spec(spec)
        sys.modules["gi"] = module
        try:
            spec.loader.exec_module(module)
        except Exception as error:  # noqa: BLE001 - a foreign package, which may fail anyhow
            del sys.modules["gi"]
            _log.warning("%s/gi cannot be imported: %s", place, error)
            continue
        return module
    return None


def _has(gi: ModuleType, name: str, version: str) -> bool:
    try:
        gi.require_version(name, version)
    except ValueError:
        return False
    return True


def _version() -> str:
    return "{}.{}".format(*sys.version_info[:2])
