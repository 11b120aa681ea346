"""``hrflow-watcher`` and ``python -m watcher``: starts fast, ends with a documented exit code."""

from __future__ import annotations

import sys

from watcher import __version__


def main() -> None:
    """Run the command that the arguments name."""
    if sys.argv[1:] == ["--version"]:  # asked by scripts and installers: answered at once
        print(f"hrflow-watcher {__version__}")  # noqa: T201 - what was asked for
        return
    try:
        from watcher.cli import run_command  # noqa: PLC0415 - see above

        code = run_command(sys.argv[1:])
    except KeyboardInterrupt:  # before a command has begun
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
