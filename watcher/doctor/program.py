"""The program itself and its configuration."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from watcher import __version__, view
from watcher.app.places import is_running, read_running
from watcher.config import MachineFile, headline, load
from watcher.doctor.findings import Check, Finding, error, ok, warning
from watcher.errors import ConfigError
from watcher.service import is_installed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from watcher.doctor.case import Case


def checks(case: Case) -> Iterator[Check]:
    """Versions, and every mistake of the configuration."""
    yield Check("program", "Program", lambda: _program(case))
    yield Check(
        "config", "Configuration", lambda: _config(case), failing="the configuration is not usable"
    )


def judge_versions(
    own: str,
    running: str | None,
    pid: int = 0,
    *,
    start: str = "hrflow-watcher run",
) -> Finding:
    """``running``: the version of the program that runs at the moment, None if none does.

    ``start`` is the command that starts the program.
    """
    text = f"hrflow-watcher {own}, Python {platform.python_version()} on {platform.system()}"
    if running is None:
        return warning(f"{text}; it does not run, so no file is sent", f"Start it with: {start}.")
    if running == own:
        return ok(f"{text}; it runs (process {pid})")
    return warning(
        f"{text}; version {view.safe(running)} is still running (process {pid})",
        "It stops when the uploads under way are done, and the login service starts the new one."
        " Without a login service, start it again.",
    )


def _program(case: Case) -> Finding:
    if not is_running(case.places):
        is_service = is_installed(case.environ, case.home, case.places.state)
        start = "hrflow-watcher service start" if is_service else "hrflow-watcher run"
        return judge_versions(__version__, None, start=start)
    said = read_running(case.places)
    pid = said.get("pid")
    version = str(said.get("version") or __version__)  # it is about to say, in its first moment
    return judge_versions(__version__, version, pid if isinstance(pid, int) else 0)


def _config(case: Case) -> Sequence[Finding]:
    try:
        case.loaded = load(
            case.config,
            environ=case.environ,
            home=case.home,
            state_dir=case.places.state,
            machine=MachineFile.of_process(case.environ),
        )
    except ConfigError as failure:
        if failure.mistakes:
            return [error(view.safe(mistake), failure.hint) for mistake in failure.mistakes]
        return [error(view.safe(failure.title), failure.hint)]
    folders = len(case.loaded.config.folders)
    found = [ok(view.safe(headline(case.loaded)))] if folders else [_no_folder(case)]
    hint = "Leave it if it is meant so."
    return [*found, *(warning(view.safe(each), hint) for each in case.loaded.warnings)]


def _no_folder(case: Case) -> Finding:
    return warning(
        f"{view.safe(case.config)} names no folder, so nothing is watched",
        "Put a [[folders]] table in it.",
    )
