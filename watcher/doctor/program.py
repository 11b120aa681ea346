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
from watcher.daemon.login_service import LoginService, describe_exit, where_to_look
from watcher.daemon.setup import without_absent
from watcher.daemon.webhook import PATH
from watcher.desktop.supervisor import find_backend, has_desktop
from watcher.doctor.findings import CONFIG, Check, Finding, error, ok, skipped, warning
from watcher.i18n.message import msg
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
    yield Check("program", msg("Program"), lambda: _program(case))
    yield Check(
        "config",
        msg("Configuration"),
        lambda: _config(case),
        failing=msg("the configuration is not usable"),
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
    text = msg(
        "hrflow-watcher {version}, Python {python} on {system}",
        version=own,
        python=platform.python_version(),
        system=platform.system(),
    )
    if running is None:
        return warning(
            msg("{what}; it does not run, so no file is sent", what=text),
            msg("Start it with: {command}.", command=start),
        )
    if running == own:
        return ok(msg("{what}; it runs (process {number})", what=text, number=pid))
    return warning(
        msg(
            "{what}; version {version} is still running (process {number})",
            what=text,
            version=view.safe(running),
            number=pid,
        ),
        msg(
            "It stops when the uploads under way are done, and the login service starts the new"
            " one. Without a login service, start it again."
        ),
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
            return [error(mistake, failure.hint) for mistake in failure.mistakes]
        return [error(failure.title, failure.hint)]
    folders = len(case.loaded.config.folders)
    found = [ok(headline(case.loaded))] if folders else [_no_folder(case)]
    hint = "Leave it if it is meant so."
    warnings = without_absent(case.loaded.warnings)  # of each folder the next checks tell
    return [*found, *(warning(each, hint) for each in warnings)]


def _no_folder(case: Case) -> Finding:
    return warning(
        msg("{path} names no folder, so nothing is watched", path=view.safe(case.config)),
        msg("Put a [[folders]] table in it."),
    )


def service_checks(case: Case) -> Iterator[Check]:
    """The login service."""
    yield Check("service", msg("Login service"), lambda: _service(case))


def judge_service(kind: str, installed: Installed | None, *, running: bool) -> Finding:
    """``kind`` is what the system has for it; ``running``: the program runs, however started."""
    if installed is None:
        return warning(
            msg("the program runs, but does not start at login")
            if running
            else msg("the program does not start at login"),
            msg("Have it started with: hrflow-watcher service install."),
        )
    if not running:
        code = installed.exit_code
        text = msg("it is installed ({kind}) and does not run", kind=kind)
        if code:
            text = msg(
                "it is installed ({kind}) and does not run: {why}",
                kind=kind,
                why=describe_exit(code),
            )
        look = where_to_look(code or 0)
        return error(
            text,
            msg(
                "Start it with: hrflow-watcher service start. More is said by: {command}",
                command=look,
            ),
        )
    if not installed.enabled:
        return warning(
            msg("it runs, but was switched off for the next login ({kind})", kind=kind),
            msg("Switch it on with: hrflow-watcher service install."),
        )
    if not installed.current:
        return warning(
            msg(
                "it runs, but was installed for another version or other folders ({kind})",
                kind=kind,
            ),
            msg("Bring it up to date with: hrflow-watcher service install."),
        )
    return ok(msg("it starts at every login ({kind}) and runs", kind=kind))


def _service(case: Case) -> Finding:
    config = case.loaded.config if case.loaded else None
    service = LoginService(case.config, config, case.places, case.environ, case.home)
    running = bool(read_facts(case.places))
    return judge_service(service.system.kind, service.system.look(), running=running)


_CALLED: Final = MappingProxyType(
    {"notifier": "StatusNotifier", "xorg": msg("X11, without a menu")}
)


def desktop_checks(case: Case) -> Iterator[Check]:
    """The tray."""
    yield Check("tray", msg("Tray"), lambda: judge_tray(sys.platform, case.environ, find_backend))


def judge_tray(
    platform: str,
    environ: Mapping[str, str],
    ask: Callable[[Mapping[str, str]], tuple[str, str]],
) -> Finding:
    """``platform`` as ``sys.platform`` has it; ``ask`` is ``desktop.supervisor.find_backend``."""
    if platform in ("win32", "darwin"):
        return ok(msg("this system shows icons of programs"))
    if not has_desktop(platform, environ):
        session = environ.get("XDG_SESSION_TYPE", "")
        if session:
            kind = view.safe(session)
            return skipped(
                msg("there is no desktop here (the session is of the kind {kind})", kind=kind)
            )
        return skipped(msg("there is no desktop here"))
    try:
        backend, advice = ask({name: environ[name] for name in environ if name != VARIABLE})
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return warning(
            msg(
                "whether this desktop shows icons could not be found out ({error})",
                error=type(error).__name__,
            ),
            msg("Nothing needs to be done: everything works without an icon."),
        )
    if backend:
        return ok(
            msg("this desktop shows the icon (through {what})", what=_CALLED.get(backend, backend))
        )
    return warning(msg("this desktop does not show the icon"), advice)


#: Seconds that a keyring is given.
_KEYRING_SECONDS = 10.0


def result_checks(case: Case) -> Iterator[Check]:
    """Nothing where neither is wanted."""
    if case.loaded is None:
        return
    config = case.loaded.config
    if config.webhook.enabled:
        yield Check(
            "webhook", msg("Webhook"), partial(_webhook, case, config.webhook), needs=[CONFIG],
            seconds=_KEYRING_SECONDS, late=msg("Unlock the system's keyring."),
        )  # fmt: skip
    for name, command in (("parsed", config.hooks.parsed), ("refused", config.hooks.refused)):
        if command:
            run = partial(judge_command, command[0], shutil.which(command[0]) or "")
            yield Check(
                "hook", msg("Command for {state} files", state=name), run, name, needs=[CONFIG]
            )


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
    where = msg(
        "is received at http://{host}:{number}{path} while the program runs",
        host=webhook.host,
        number=webhook.port,
        path=PATH,
    )
    if is_loopback(webhook.host):
        return ok(where)
    return warning(
        msg("{what}, which other machines reach without encryption", what=where),
        msg("Put a proxy that speaks https in front of it, and let it listen on 127.0.0.1."),
    )


def judge_command(program: str, found: str) -> Finding:
    """``found``: where the program is, "" if it is nowhere."""
    if found:
        return ok(msg("{path} is run", path=view.safe(found)))
    return error(
        msg("{path} is no program that can be run", path=view.safe(program)),
        msg(
            "Correct its path in the table [hooks] of the configuration, or the right to execute"
            " it."
        ),
    )
