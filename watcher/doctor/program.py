"""The program itself and its configuration."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from watcher import __version__
from watcher.config import MachineFile, headline, load
from watcher.config.checks import is_loopback
from watcher.credentials.keys import VARIABLE, read_webhook_secret
from watcher.daemon.editing import without_absent
from watcher.daemon.login_service import LoginService, describe_exit, where_to_look
from watcher.daemon.webhook import PATH
from watcher.desktop.supervisor import look, may_have_icon
from watcher.doctor.findings import CONFIG, Check, Finding, error, ok, skipped, warning
from watcher.model.errors import ConfigError, CredentialError
from watcher.page.client import read_facts
from watcher.present import view
from watcher.service import is_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from watcher.doctor.findings import Case
    from watcher.model.settings import Webhook
    from watcher.service import Installed


def program_checks(case: Case) -> Iterator[Check]:
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
    said = read_facts(case.places)
    if not said:
        is_service = is_installed(case.environ, case.home, case.places.state)
        start = "hrflow-watcher service start" if is_service else "hrflow-watcher run"
        return judge_versions(__version__, None, start=start)
    return judge_versions(__version__, said["version"], said["pid"])


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
    warnings = without_absent(case.loaded.warnings)  # of each folder the next checks tell
    return [*found, *(warning(view.safe(each), hint) for each in warnings)]


def _no_folder(case: Case) -> Finding:
    return warning(
        f"{view.safe(case.config)} names no folder, so nothing is watched",
        "Put a [[folders]] table in it.",
    )


def service_checks(case: Case) -> Iterator[Check]:
    """The login service."""
    yield Check("service", "Login service", lambda: _service(case))


def judge_service(kind: str, installed: Installed | None, *, running: bool) -> Finding:
    """``kind`` is what the system has for it; ``running``: the program runs, however started."""
    if installed is None:
        return warning(
            "the program runs, but does not start at login"
            if running
            else "the program does not start at login",
            "Have it started with: hrflow-watcher service install.",
        )
    if not running:
        code = installed.exit_code
        text = f"it is installed ({kind}) and does not run"
        look = where_to_look(code or 0)
        return error(
            f"{text}: {describe_exit(code)}" if code else text,
            f"Start it with: hrflow-watcher service start. More is said by: {look}",
        )
    if not installed.enabled:
        return warning(
            f"it runs, but was switched off for the next login ({kind})",
            "Switch it on with: hrflow-watcher service install.",
        )
    if not installed.current:
        return warning(
            f"it runs, but was installed for another version or other folders ({kind})",
            "Bring it up to date with: hrflow-watcher service install.",
        )
    return ok(f"it starts at every login ({kind}) and runs")


def _service(case: Case) -> Finding:
    config = case.loaded.config if case.loaded else None
    service = LoginService(case.config, config, case.places, case.environ, case.home)
    running = bool(read_facts(case.places))
    return judge_service(service.system.kind, service.system.look(), running=running)


_CALLED: Final = MappingProxyType({"notifier": "StatusNotifier", "xorg": "X11, without a menu"})


def desktop_checks(case: Case) -> Iterator[Check]:
    """The tray."""
    yield Check("tray", "Tray", lambda: judge_tray(sys.platform, case.environ, look))


def judge_tray(
    platform: str,
    environ: Mapping[str, str],
    ask: Callable[[Mapping[str, str]], tuple[str, str]],
) -> Finding:
    """``platform`` as ``sys.platform`` has it; ``ask`` is ``watcher.desktop.supervisor.look``."""
    if platform in ("win32", "darwin"):
        return ok("this system shows icons of programs")
    if not may_have_icon(platform, environ):
        session = environ.get("XDG_SESSION_TYPE", "")
        if session:
            kind = view.safe(session)
            return skipped(f"there is no desktop here (the session is of the kind {kind})")
        return skipped("there is no desktop here")
    try:
        backend, advice = ask({name: environ[name] for name in environ if name != VARIABLE})
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return warning(
            f"whether this desktop shows icons could not be found out ({type(error).__name__})",
            "Nothing needs to be done: everything works without an icon.",
        )
    if backend:
        return ok(f"this desktop shows the icon (through {_CALLED.get(backend, backend)})")
    return warning("this desktop does not show the icon", advice)


#: Seconds that a keyring is given.
_KEYRING_SECONDS = 10.0


def result_checks(case: Case) -> Iterator[Check]:
    """Nothing where neither is wanted."""
    if case.loaded is None:
        return
    config = case.loaded.config
    if config.webhook.enabled:
        yield Check(
            "webhook", "Webhook", partial(_webhook, case, config.webhook), needs=[CONFIG],
            seconds=_KEYRING_SECONDS, late="Unlock the system's keyring.",
        )  # fmt: skip
    for name, command in (("parsed", config.hooks.parsed), ("refused", config.hooks.refused)):
        if command:
            run = partial(judge_command, command[0], shutil.which(command[0]) or "")
            yield Check("hook", f"Command for {name} files", run, name, needs=[CONFIG])


def _webhook(case: Case, webhook: Webhook) -> Finding:
    assert case.loaded is not None
    allow_insecure = case.loaded.config.allow_insecure_keyring
    try:
        secret = read_webhook_secret(
            case.environ, allow_insecure=allow_insecure, keyring=case.keyring
        )
    except CredentialError as failure:
        return error(failure.title, failure.hint)
    case.secrets.append(secret)
    return judge_webhook(webhook)


def judge_webhook(webhook: Webhook) -> Finding:
    """Of a webhook whose secret is at hand."""
    where = f"is received at http://{webhook.host}:{webhook.port}{PATH} while the program runs"
    if is_loopback(webhook.host):
        return ok(where)
    return warning(
        f"{where}, which other machines reach without encryption",
        "Put a proxy that speaks https in front of it, and let it listen on 127.0.0.1.",
    )


def judge_command(program: str, found: str) -> Finding:
    """``found``: where the program is, "" if it is nowhere."""
    if found:
        return ok(f"{view.safe(found)} is run")
    return error(
        f"{view.safe(program)} is no program that can be run",
        "Correct its path in the table [hooks] of the configuration, or the right to execute it.",
    )
