"""Where the configuration is looked for."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def default_path(environ: Mapping[str, str]) -> str:
    """``HRFLOW_WATCHER_CONFIG``, or ``config.toml`` in the platform's place for configurations."""
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


def machine_path(environ: Mapping[str, str], system: str = sys.platform) -> tuple[str, bool]:
    """Where the machine-wide configuration is, and whether the person named it.

    It is named by ``HRFLOW_WATCHER_MACHINE_CONFIG``: to try one before it is rolled out. Else it is
    the place that only administrators may write to.
    """
    if named := environ.get("HRFLOW_WATCHER_MACHINE_CONFIG"):
        return os.path.abspath(os.path.expanduser(named)), True
    if system == "win32":
        import platformdirs  # noqa: PLC0415 - it asks the system; the environment can be changed

        folder: str = platformdirs.site_config_dir("hrflow-watcher", appauthor=False)
    elif system == "darwin":
        folder = "/Library/Application Support/hrflow-watcher"
    else:
        folder = "/etc/hrflow-watcher"
    return os.path.join(folder, "config.toml"), False
