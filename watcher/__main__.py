"""``hrflow-watcher`` and ``python -m watcher``: starts fast, ends with a documented exit code."""

from __future__ import annotations

import gc
import sys
from typing import Final

from watcher import __version__

#: New objects after which garbage is looked for; Python's own 700 costs a start a tenth of its
#: time, as modules are nothing but new objects.
_NEW_OBJECTS: Final = 10_000


def main() -> None:
    """Run the command that the arguments name."""
    if sys.argv[1:] == ["--version"]:  # asked by scripts and installers: answered at once
        print(f"hrflow-watcher {__version__}")  # noqa: T201 - what was asked for
        return
    gc.set_threshold(_NEW_OBJECTS)
    try:
        from watcher.cli import run_command  # noqa: PLC0415 - see above

        code = run_command(sys.argv[1:])
    except KeyboardInterrupt:  # before a command has begun
        code = 130
    gc.freeze()  # the system takes back everything: what is left need not be looked through
    sys.exit(code)


if __name__ == "__main__":
    main()
