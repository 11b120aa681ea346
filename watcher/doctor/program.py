"""The program, its configuration, history and disks, login service and icon."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from watcher import __version__
from watcher.config import MachineFile, headline, load
from watcher.config.mistakes import as_sentence
from watcher.credentials import VARIABLE
from watcher.daemon.login_service import LoginService, describe_exit, where_to_look
from watcher.daemon.state_folder import open_reader
from watcher.desktop.tray import advice, find_backend, has_desktop
from watcher.doctor.findings import Finding, error, of, ok, skipped, warning
from watcher.i18n.message import Text, msg
from watcher.model.errors import ConfigError
from watcher.routing.ignored import filing_targets
from watcher.service import how_to_start

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from watcher.doctor.findings import Case
    from watcher.service import Installed

#: Seconds for reading the whole journal; a million files take some.
READING: Final = 60.0

#: Free bytes below which writing soon fails, and below which people should know.
_TOO_LITTLE: Final = 20_000_000
_LITTLE: Final = 1_000_000_000

_BACKENDS: Final = MappingProxyType(
    {"notifier": "StatusNotifier", "xorg": msg("X11, without a menu")}
)


def check_program(case: Case) -> Finding:
    """Does the program run, in which version?"""
    if case.running:
        return judge_versions(__version__, case.running["version"], case.running["pid"])
    start = how_to_start(case.environ, case.home, case.places.state)
    return judge_versions(__version__, None, start=start)


def judge_versions(own: str, running: str | None, pid: int = 0, *, start: Text = "") -> Finding:
    """``running`` is the version of the running program, None if it does not run.

    ``start`` is the command that starts the program.
    """
    text = msg(
        "hrflow-watcher {version}, Python {python} on {system}",
        version=own,
        python=platform.python_version(),
        system=platform.system(),
    )
    if running is None:
        return warning(
            msg("{what}, is not running, so no files are uploaded.", what=text),
            msg("Start it with: {command}", command=start),
        )
    if running == own:
        return ok(msg("{what}, is running (PID {number}).", what=text, number=pid))
    return warning(
        msg(
            "{what}, is installed, but version {version} is still running (PID {number}).",
            what=text,
            version=running,
            number=pid,
        ),
        msg(
            "It stops once the current uploads are finished. With automatic start, the new"
            " version then starts by itself; otherwise, start it again yourself."
        ),
    )


def check_config(case: Case) -> Sequence[Finding]:
    """Read the configuration into ``case.loaded``; every mistake and warning is a finding."""
    try:
        case.loaded = load(
            case.config,
            environ=case.environ,
            home=case.home,
            state_dir=case.places.state,
            machine=MachineFile.of_process(case.environ),
        )
    except ConfigError as failure:
        mistakes = map(as_sentence, failure.mistakes)
        return [error(each, failure.hint) for each in mistakes] or [of(failure)]
    if case.loaded.config.folders:
        first = ok(as_sentence(headline(case.loaded)))
    else:
        first = warning(
            msg("{path} lists no folders, so nothing is watched.", path=case.config),
            msg("Add a [[folders]] table to it."),
        )
    hint = msg("Leave it as it is if that is intended.")
    return [first, *(warning(as_sentence(each), hint) for each in case.loaded.warnings)]


# --- History and disks ----------------------------------------------------------------------


def check_journal(case: Case) -> Finding:
    """Read all of the journal, and ask whether it can be written to."""
    path, state = case.places.journal, case.places.state
    places = (place for place in (state, path) if os.path.exists(place))
    if any(not os.access(place, os.W_OK) for place in places):
        return error(
            msg("The program can't write to its own folder {path}.", path=state),
            msg("Give this user permission to write to it and to the files in it."),
        )
    # Not through ``case.journal``, which this would keep from other checks if it takes too long.
    with open_reader(case.places) as reader:
        if reader is None:
            return ok(msg("There is no history yet: the program has never run."))
        problem = reader.check()
    size = sum(os.path.getsize(path + part) for part in ("", "-wal") if os.path.exists(path + part))
    return judge_journal(path, size, problem)


def judge_journal(path: str, size: int, problem: str) -> Finding:
    """``problem`` is what is wrong with the file, "" if nothing is."""
    if problem:
        return error(
            msg("{path} is damaged ({error}).", path=path, error=problem),
            msg(
                "Start the program: it sets the damaged history aside and builds a new one by"
                " scanning the folders."
            ),
        )
    return ok(msg("{path} is intact ({size:size}).", path=path, size=size))


def check_disks(case: Case) -> Sequence[Finding]:
    """Return a finding for each disk, with everything that is written to it."""
    places: dict[str, Text] = {case.places.state: msg("the history")}
    for plan in case.plans.values():
        for target in filing_targets(plan.folder).values():
            place = os.path.join(plan.folder.path, target)
            places[place] = place
    disks: dict[int, tuple[str, list[Text]]] = {}
    for path, name in places.items():
        existing = path
        while not os.path.exists(existing) and os.path.dirname(existing) != existing:
            existing = os.path.dirname(existing)
        disks.setdefault(os.stat(existing).st_dev, (existing, []))[1].append(name)
    return [judge_room(tuple(names), shutil.disk_usage(at).free) for at, names in disks.values()]


def judge_room(places: tuple[Text, ...], free: int) -> Finding:
    """``free`` is the number of bytes left on the disk of ``places``."""
    text = msg("{size:size} of disk space is free for {disks:and}.", size=free, disks=places)
    if free < _TOO_LITTLE:
        return error(text, msg("Free some space: nothing is uploaded while the disk is full."))
    if free < _LITTLE:
        return warning(text, msg("Free some space before the disk is full."))
    return ok(text)


# --- Around it ------------------------------------------------------------------------------


def check_service(case: Case) -> Finding:
    """Does the program start at login?"""
    config = case.loaded.config if case.loaded else None
    system = LoginService(case.config, config, case.places, case.environ, case.home).system
    return judge_service(system.kind, system.look(), running=bool(case.running))


def judge_service(kind: str, installed: Installed | None, *, running: bool) -> Finding:
    """``kind`` is what the system has for it; ``running``: the program runs, however started."""
    if installed is None:
        return warning(
            msg("The program is running, but not set to start at login.")
            if running
            else msg("The program is not set to start at login."),
            msg("To enable it: {hrflow_watcher} service install"),
        )
    if not running:
        code = installed.exit_code or 0
        text = (
            msg(
                "Automatic start ({kind}) is set up, but the program is not running: {why}.",
                kind=kind,
                why=describe_exit(code),
            )
            if code
            else msg(
                "Automatic start ({kind}) is set up, but the program is not running.", kind=kind
            )
        )
        return error(
            text,
            msg("For details: {command}", command=where_to_look(code)),
        )
    if not installed.enabled:
        return warning(
            msg(
                "The program is running, but automatic start ({kind}) is disabled, so it won't"
                " start at the next login.",
                kind=kind,
            ),
            msg("To enable it: {hrflow_watcher} service install"),
        )
    if not installed.current:
        return warning(
            msg(
                "The program is running, but automatic start ({kind}) was set up for another"
                " version or other folders.",
                kind=kind,
            ),
            msg("Update it with: {hrflow_watcher} service install"),
        )
    return ok(msg("The program starts at every login ({kind}) and is running.", kind=kind))


def check_tray(
    environ: Mapping[str, str],
    platform: str = sys.platform,
    ask: Callable[[Mapping[str, str]], str] = find_backend,
) -> Finding:
    """Does the desktop show the icon? ``ask`` finds out how."""
    if platform in ("win32", "darwin"):
        return ok(msg("This system shows tray icons."))
    if not has_desktop(platform, environ):
        session = environ.get("XDG_SESSION_TYPE", "")
        if session:
            return skipped(msg("there is no desktop here (session: {kind})", kind=session))
        return skipped(msg("there is no desktop here"))
    try:
        backend = ask({name: environ[name] for name in environ if name != VARIABLE})
    except (OSError, ValueError, subprocess.SubprocessError):
        return warning(
            msg("It is not known whether this desktop shows tray icons."),
            msg("Nothing needs to be done: everything works without an icon."),
        )
    if not backend:
        return warning(msg("This desktop doesn't show the icon."), advice(environ))
    called = _BACKENDS.get(backend, backend)
    return ok(msg("This desktop shows the icon (through {what}).", what=called))
