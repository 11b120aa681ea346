"""What watching takes of the system, against what the system gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher.doctor.findings import Finding, ok, warning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.folders.limits import Limits

#: Part of a limit that may be in use before somebody should know.
_MUCH = 0.9
#: What is proposed: what many distributions set, or twice what is needed.
_WATCHES = 524_288
_INSTANCES = 1024


def judge_limits(directories: int, limits: Limits | None, *, running: bool) -> Sequence[Finding]:
    """Whether ``directories`` can be watched; ``limits`` are None where there are none.

    ``running``: what is in use includes what this program takes.
    """
    if limits is None:
        return [ok("this system has no limits of inotify")]
    needed = limits.watches + (0 if running else directories)
    used = f"{limits.watches} of {limits.max_watches} watches are in use"
    text = f"{directories} directories are watched, and {used}"
    watches = _judge(
        "max_user_watches", needed, limits.max_watches, _WATCHES,
        f"1 directory is watched, and {used}" if directories == 1 else text,
    )  # fmt: skip
    instances = _judge(
        "max_user_instances", limits.instances + (not running), limits.max_instances, _INSTANCES,
        f"{limits.instances} of {limits.max_instances} watchers are in use",
    )  # fmt: skip
    return [watches, instances]


def _judge(name: str, needed: int, limit: int, proposed: int, text: str) -> Finding:
    if needed <= _MUCH * limit:
        return ok(text)
    short = "which is not enough" if needed > limit else "which is nearly all"
    return warning(
        f"{text}, {short}; folders are looked through every few seconds where it is not",
        f"Raise it: sudo sysctl fs.inotify.{name}={max(proposed, 2 * needed)}",
    )
