"""Where the frozen program begins.

It has no Python beside it to be asked for a module: `-P -m watcher.desktop`, as the program starts
its own helpers, is understood here. And what it starts must not be given its libraries: a browser,
or a command of a person's own, would load OpenSSL and others from here instead of the system's.
"""

from __future__ import annotations

import os
import runpy
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping


def restore_environment(environ: MutableMapping[str, str]) -> None:
    """Have other programs see what was set before PyInstaller put its folder in front."""
    before = environ.pop("LD_LIBRARY_PATH_ORIG", None)
    if before:
        environ["LD_LIBRARY_PATH"] = before
    else:
        environ.pop("LD_LIBRARY_PATH", None)
    # A helper of our own finds its libraries by itself again.
    environ["PYINSTALLER_RESET_ENVIRONMENT"] = "1"


if __name__ == "__main__":
    if getattr(sys, "frozen", False) and sys.platform == "linux":
        restore_environment(os.environ)
    words = [word for word in sys.argv[1:4] if word != "-P"]
    if words[:1] == ["-m"] and words[1:2] and words[1].split(".")[0] == "watcher":
        module = words[1]
        sys.argv[1 : sys.argv.index(module) + 1] = []
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        from watcher.__main__ import main

        main()
