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
    # Not by shutil.which, which takes longer to import than all of this package.
    file = f"{_NAME}.exe" if os.name == "nt" else _NAME
    beside = os.path.join(os.path.dirname(sys.executable), file)
    on_path = any(os.access(os.path.join(each, file), os.X_OK) for each in os.get_exec_path())
    if on_path or not os.access(beside, os.X_OK):
        return _NAME
    return f'"{beside}"' if " " in beside else beside
