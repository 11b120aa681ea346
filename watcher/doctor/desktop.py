"""Whether this desktop shows an icon of ours."""

from __future__ import annotations

import subprocess
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from watcher import view
from watcher.credentials.keys import VARIABLE
from watcher.desktop.supervisor import look, may_have_icon
from watcher.doctor.findings import Check, Finding, ok, skipped, warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from watcher.doctor.case import Case

_CALLED: Final = MappingProxyType({"notifier": "StatusNotifier", "xorg": "X11, without a menu"})


def checks(case: Case) -> Iterator[Check]:
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
