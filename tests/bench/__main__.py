"""``python -m tests.bench``: all measurements; with names, only those."""

import importlib
import platform
import sys

NAMES = ("latency", "backlog", "growth", "follow_up")


def main(names):
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        sys.exit(f"There is no measurement {', '.join(unknown)}; there are {', '.join(NAMES)}.")
    print(f"{platform.platform()}, Python {platform.python_version()}")
    for name in names or NAMES:
        importlib.import_module(f"tests.bench.{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
