"""Whether the version that lies there now can take over: it is asked, in processes of its own.

It has to tell its version, load all of its parts and libraries, and read this person's
configuration and journal: what an older one, or one with other rules, may not be able to.
"""

from __future__ import annotations

import logging
import subprocess
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_log = logging.getLogger(__name__)
#: Seconds that an answer may take: a slow disk reads every file for the first time.
_SECONDS: Final = 120.0
#: As much of what it says is shown.
_LETTERS: Final = 300


def try_out(
    program: Sequence[str],
    version: str,
    places: Sequence[str],
    environ: Mapping[str, str],
    *,
    with_config: bool,
    seconds: float = _SECONDS,
) -> str:
    """Why the program cannot take over, in a few words; "" if it can.

    ``program`` starts it, ``places`` are its options ``--config`` and ``--state``; it has to be of
    ``version``. ``with_config``: there is a configuration, which has to be fine.
    """
    questions = [["--version"], ["run", "--load-only"], [*places, "history", "--limit", "1"]]
    if with_config:
        questions.append([*places, "config", "check"])
    for words in questions:
        said, problem = _ask([*program, *words], environ, seconds)
        if not problem and words == ["--version"] and version not in said.split():
            problem = f"it says that it is {said.strip()[:40]!r}"
        if problem:
            _log.error("version %s answers to %s: %s", version, " ".join(words[-2:]), problem)
            return problem
    return ""


def _ask(command: Sequence[str], environ: Mapping[str, str], seconds: float) -> tuple[str, str]:
    """(what it says, what is wrong)."""
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            encoding="utf-8", errors="replace", timeout=seconds, check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "", f"it has not answered within {seconds:g} seconds"
    except OSError as error:
        return "", f"it cannot be started: {error.strerror}"
    if done.returncode == 0:
        return done.stdout, ""
    return "", _say_failure(done.stderr, done.returncode)


def _say_failure(said: str, code: int) -> str:
    """What a command said that has failed: its own sentence, or the end of what Python said.

    Mistakes in a configuration follow their sentence, indented; what to do about it does not help.
    """
    lines = [line.rstrip() for line in said.splitlines() if line.strip()]
    at = next((n for n, line in enumerate(lines) if line.startswith("Error: ")), len(lines) - 1)
    told = [line.strip() for n, line in enumerate(lines[at:]) if not n or line.startswith("  ")]
    sentence = " ".join(told[:2]).removeprefix("Error: ").rstrip(".")
    return sentence[:_LETTERS] or f"it ends with exit code {code}"
