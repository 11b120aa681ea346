"""What a person types to call the program, for hints like "Start it with: hrflow-watcher run"."""

from __future__ import annotations

import os
import sys
from typing import Final

_NAME: Final = "hrflow-watcher"

#: The variable by which ``installers/bootstrap.py`` says how it was called.
_VARIABLE: Final = "HRFLOW_WATCHER_COMMAND"


def command_name() -> str:
    """Return the command's name, or its path where no shell finds it by name."""
    if called := os.environ.get(_VARIABLE):
        return called
    import shutil  # noqa: PLC0415 - takes memory that the icon's process does not need

    beside = shutil.which(_NAME, path=os.path.dirname(sys.executable))
    if beside is None or shutil.which(_NAME):
        return _NAME
    return f'"{beside}"' if " " in beside else beside
