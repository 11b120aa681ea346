"""Whether the program starts at every login, and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher.app.login_service import LoginService, describe_exit, where_to_look
from watcher.app.places import is_running
from watcher.doctor.findings import Check, Finding, error, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.doctor.case import Case
    from watcher.service import Installed


def checks(case: Case) -> Iterator[Check]:
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
    running = is_running(case.places)
    return judge_service(service.system.kind, service.system.look(), running=running)
