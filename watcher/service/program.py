"""Which command line starts this very program again."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """How Python was started; ``frozen``: ``executable`` (absolute) is the program itself."""

    executable: str
    frozen: bool
    windows: bool

    @classmethod
    def of_process(cls) -> Program:
        """This process's."""
        frozen = bool(getattr(sys, "frozen", False))
        return cls(os.path.abspath(sys.executable), frozen, sys.platform == "win32")

    def command(self) -> tuple[str, ...]:
        """The program's own path, or Python's with what it has to run; without a console window."""
        folder = os.path.dirname(self.executable)
        if self.frozen:  # on Windows there is a second one without a console window
            without = os.path.join(folder, "hrflow-watcherw.exe")
            return (without if self.windows and os.path.exists(without) else self.executable,)
        if self.windows:  # the script beside it would open a console window
            without = os.path.join(folder, "pythonw.exe")
            return (without if os.path.exists(without) else self.executable, "-P", "-m", "watcher")
        script = os.path.join(folder, "hrflow-watcher")
        if os.access(script, os.X_OK):
            return (script,)
        return (self.executable, "-P", "-m", "watcher")
