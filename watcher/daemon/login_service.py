"""The login service of this configuration: what it starts, and where it may write."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from watcher import __version__
from watcher.config.paths import default_path
from watcher.daemon.channel import Channel, read_facts
from watcher.daemon.desktop import chosen_language
from watcher.daemon.instance import lock
from watcher.daemon.state_folder import default_state
from watcher.i18n.command import command_name
from watcher.i18n.languages import catalog, languages, system_language
from watcher.i18n.message import ENGLISH, Message, msg
from watcher.model.errors import UPDATED, AlreadyRunningError, WatcherError
from watcher.service import NAME, Definition, Program, Run, Service, choose, run_program
from watcher.service.file_managers import LABEL, FileManagers, make_entries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from watcher.daemon.state_folder import Places
    from watcher.model.settings import Config

_log = logging.getLogger(__name__)

#: Seconds that starting or stopping may take.
PATIENCE: Final = 30.0
_PAUSE: Final = 0.05

#: Seconds between the end of a process and the release of its lock.
_MOMENT: Final = 1.0

#: Variables that are not set at login: paths that follow from them become arguments.
_CONFIG_FROM: Final = ("HRFLOW_WATCHER_CONFIG", "XDG_CONFIG_HOME")
_STATE_FROM: Final = ("HRFLOW_WATCHER_STATE", "XDG_STATE_HOME")

#: From this exit code on they are systemd's, for a program that it could not start
#: (systemd.exec(5), "Process Exit Codes").
_OF_SYSTEMD: Final = 200

#: Exit codes that a person has to do something about.
_MEANINGS: Final = MappingProxyType(
    {
        2: msg("mistakes in the configuration"),
        3: msg("it was already running"),
        4: msg("no usable API key"),
        6: msg("the history or the program's own folder can't be used"),
        UPDATED: msg("another version was installed"),
        203: msg("systemd can't find the program where it was installed"),
        217: msg("systemd can't set its user"),
        218: msg("systemd can't restrict its permissions"),
        226: msg("systemd can't isolate it from the rest of the disk"),
        243: msg("systemd can't read the credential specified by LoadCredential="),
    }
)


def describe_exit(code: int) -> Message:
    """Return how a run ended."""
    if code in _MEANINGS:
        return msg(
            "it stopped with exit code {code} ({meaning})", code=code, meaning=_MEANINGS[code]
        )
    return msg("it stopped with exit code {code}", code=code)


def where_to_look(code: int) -> str:
    """Return the command that tells more about a run that ended with ``code``."""
    if code >= _OF_SYSTEMD:  # the program has not run, so its log has nothing about it
        return f"journalctl --user -u {NAME}"
    return f"{command_name()} service logs"


def _not_started(code: int = 0) -> WatcherError:
    """Return the error for a program that does not start; ``code`` is how its last run ended."""
    said = msg("The program doesn't start.")
    if code:
        said = msg("The program doesn't start: {why}.", why=describe_exit(code))
    return WatcherError(said, msg("To see why, run: {command}", command=where_to_look(code)))


class LoginService:
    """Installs, starts and stops the system's service for one configuration."""

    def __init__(
        self,
        config_path: str,
        config: Config | None,
        places: Places,
        environ: Mapping[str, str],
        home: str,
        run: Run = run_program,
    ) -> None:
        """``config`` is the content of ``config_path``, None while it has mistakes."""
        self._places = places
        self._home = home
        self._environ = environ
        self._command = (
            *Program.of_process().command(),
            *name_places(config_path, places.state, environ),
        )
        self._folders = [os.path.realpath(each.path) for each in config.folders] if config else []
        labels = [catalog(each)(LABEL) for each in (ENGLISH.language, *languages())]
        self._menus = FileManagers(environ, home, labels, run)
        definition = Definition(
            command=(*self._command, "run", "--quiet"),
            writable=_find_writable(config_path, config, places),
            home=home,
            errors=os.path.join(home, "Library", "Logs", f"{NAME}.log"),
        )
        self.system: Service = choose(
            definition, environ, run, folder=places.state, spawn=self._spawn, end=self._end
        )

    def install(self) -> bool:
        """Install it, with entries in the menus of file managers; return whether it changed."""
        changed = self.system.install()
        self._install_menus()
        return changed

    def refresh_menus(self) -> None:
        """Have file managers list the folders as they are now, if the service is installed."""
        if not os.path.exists(self.system.file):
            return
        try:
            self._install_menus()
        except WatcherError as error:
            _log.warning("the menus of file managers cannot be changed: %s", error.title)

    def uninstall(self) -> bool:
        """Stop the program and remove everything; return whether there was anything."""
        has_entries = self._menus.uninstall()
        return self.system.uninstall() or has_entries

    def start(self) -> None:
        """Start it, and return when it is running; WatcherError if it does not start."""
        try:
            self.system.start()
        except WatcherError as error:
            found = self.system.look()
            if found is None or not found.exit_code:
                raise
            raise _not_started(found.exit_code) from error
        deadline = time.monotonic() + PATIENCE
        while not read_facts(self._places):
            if time.monotonic() > deadline:
                raise _not_started()
            time.sleep(_PAUSE)

    def stop(self) -> None:
        """Stop it, and return when it has stopped; WatcherError if another process is running."""
        self.system.stop()
        self._wait_for_end(PATIENCE if self.system.lingers else _MOMENT)

    def restart(self) -> None:
        """Stop it if it is running, and start it."""
        self.stop()
        self.start()

    def apply(self) -> bool:
        """Install and run it as it should be now; return whether the service runs the program.

        It does not if the program was started in another way: that one keeps running, and the
        service takes over at the next login.
        """
        was_there = self.system.look() is not None
        changed = self.install()
        if not read_facts(self._places):
            self.start()
        elif was_there and (changed or Channel.open(self._places).version != __version__):
            self.restart()
        else:
            return was_there
        return True

    def _install_menus(self) -> None:
        language = chosen_language(self._places) or system_language(self._environ)
        self._menus.install(make_entries(catalog(language)(LABEL), self._command, self._folders))

    def _wait_for_end(self, seconds: float) -> None:
        try:
            lock(self._places, seconds).release()
        except AlreadyRunningError as error:
            raise WatcherError(
                msg("The program is still running."),
                msg("It was started in another way: stop it where you started it."),
            ) from error

    def _spawn(self, command: Sequence[str]) -> None:
        """Start a program that outlives this process."""
        process = subprocess.Popen(  # noqa: S603 - words of our own, no shell
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, cwd=self._home,
        )  # fmt: skip
        deadline = time.monotonic() + PATIENCE
        while not read_facts(self._places) and time.monotonic() < deadline:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(_PAUSE)
                raise _not_started(code)

    def _end(self) -> None:
        if said := read_facts(self._places):
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                os.kill(said["pid"], signal.SIGTERM)
            self._wait_for_end(PATIENCE)


def name_places(config_path: str, state: str, environ: Mapping[str, str]) -> list[str]:
    """Return ``--config`` and ``--state``, as far as they differ from the defaults at login."""
    words = []
    bare = {name: value for name, value in environ.items() if name not in _CONFIG_FROM}
    if any(environ.get(name) for name in _CONFIG_FROM) or config_path != default_path(bare):
        words += ["--config", config_path]
    bare = {name: value for name, value in environ.items() if name not in _STATE_FROM}
    if any(environ.get(name) for name in _STATE_FROM) or state != default_state(bare):
        words += ["--state", state]
    return words


def _find_writable(config_path: str, config: Config | None, places: Places) -> tuple[str, ...]:
    """Return the folders in which something is written, kept or moved."""
    found = {places.state, os.path.dirname(config_path)}
    found.add(os.path.dirname(os.path.realpath(config_path)))
    for folder in config.folders if config else ():
        targets = (folder.sent_folder, folder.refused_folder)
        found |= {folder.path, os.path.realpath(folder.path)}
        found |= {os.path.join(folder.path, target) for target in targets}
    return tuple(sorted(found))
