"""Where the configuration is looked for."""

from __future__ import annotations

import os
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
