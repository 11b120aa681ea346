"""What ``run`` does when another version of the program was installed: it takes over."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
from typing import TYPE_CHECKING, Final

import watcher
from watcher.app.renewal import Renewal
from watcher.errors import WatcherError
from watcher.updates import CommandLine, OwnFiles, start_anew, try_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from watcher.app.places import Places
    from watcher.cli.stopping import StopSignal

#: The name that a requirement of Python's packages begins with.
_NAME: Final = re.compile(r"[\w.-]+")


class Renewing(Renewal):
    """For this process. :meth:`take_over` starts the other version in its place."""

    def __init__(
        self,
        began: Mapping[str, str],
        config: str,
        places: Places,
        stop: StopSignal,
        tell: Callable[[str], None],
    ) -> None:
        """``began`` is the environment that the process began with; ``config`` a path."""
        self._began = began
        self._config = config
        self._options = ("--config", config, "--state", places.state)
        self._line = CommandLine.of_process()
        super().__init__(OwnFiles.of_process(), self._try, renew=stop.renew, tell=tell)

    def take_over(self) -> int:
        """Start the other version; where this process has to stay for that, gives its exit code."""
        try:
            return start_anew(self._line.words, self._began)
        except OSError as error:
            raise WatcherError(
                f"The new version cannot be started ({error.strerror}).",
                "Nothing is lost: install it again, and start it.",
            ) from error

    def _try(self, version: str) -> str:
        return try_out(
            self._line.program, version, self._options, os.environ,
            with_config=os.path.exists(self._config),
        )  # fmt: skip


def load_everything() -> None:
    """Load every module, and look for every library; ImportError for the first that is missing.

    Much is loaded late, and would be missed only when somebody needs it.
    """
    from importlib import metadata  # noqa: PLC0415 - only here

    for module in sorted(_modules("", watcher.__path__)):
        importlib.import_module(f"watcher.{module}")
    try:
        needed = metadata.requires("hrflow-watcher") or []
    except metadata.PackageNotFoundError:  # sources that nobody has installed
        return
    for line in needed:
        name = _NAME.match(line)
        if name and ";" not in line:  # else it is for other systems, or for developers
            metadata.distribution(name[0])


def _modules(package: str, places: Iterable[str]) -> Iterator[str]:
    for each in pkgutil.iter_modules(list(places)):
        if each.name != "__main__":
            yield package + each.name
        if each.ispkg:
            below = [os.path.join(place, each.name) for place in places]
            yield from _modules(f"{package}{each.name}.", below)
