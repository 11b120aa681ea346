"""What ``run`` does when another version of the program was installed: it takes over."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from watcher.app.renewal import Renewal
from watcher.errors import WatcherError
from watcher.updates import CommandLine, OwnFiles, start_anew, try_out

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watcher.app.places import Places
    from watcher.cli.stopping import StopSignal


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
