"""A bar for long work, where there is a terminal to draw it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Self

from watcher import view
from watcher.states import OPEN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from watcher.model import State


class Progress:
    """Shows how far an import is: a bar, files and bytes a second, time left. Nothing in a pipe."""

    def __init__(self, *, shown: bool) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._start = time.monotonic()
        self._first: tuple[int, int] | None = None
        if shown and sys.stdout.isatty():
            from rich import progress  # noqa: PLC0415 - only where it is drawn

            self._bar = progress.Progress(
                progress.TextColumn("{task.description}"),
                progress.BarColumn(),
                progress.MofNCompleteColumn(),
                progress.TextColumn("{task.fields[rate]}"),
                progress.TextColumn("{task.fields[left]}"),
            )
            self._task = self._bar.add_task("Looking", total=None, rate="", left="")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, standing: Mapping[State, tuple[int, int]]) -> None:
        """Draw how all files stand now: state → (files, bytes)."""
        if self._bar is None or not standing:
            return
        total = sum(files for files, _ in standing.values())
        done = sum(files for state, (files, _) in standing.items() if state not in OPEN)
        size = sum(size for state, (_, size) in standing.items() if state not in OPEN)
        self._first = self._first or (done, size)  # what earlier imports did is no speed of this
        seconds = max(time.monotonic() - self._start, 0.001)
        rate, speed = (done - self._first[0]) / seconds, (size - self._first[1]) / seconds
        left = f"{view.duration((total - done) / rate)} left" if rate and done < total else ""
        self._bar.update(
            self._task,
            description="Uploading",
            total=total,
            completed=done,
            rate=f"{rate:.1f} files/s · {view.size(speed)}/s",
            left=left,
        )
