"""What every step of a release shares: the version, the folders, and how programs are run."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NAME = "hrflow-watcher"
#: Moment of everything that is packed where there is no history to take it from: 2026-01-01.
_NO_HISTORY = 1767225600


#: What pip writes beside an installed package: where from, and that somebody asked for it.
_ORIGIN = frozenset({"direct_url.json", "REQUESTED"})


class BuildError(Exception):
    """A step cannot go on; the text says what to do."""


def run_program(
    command: Sequence[str], *, more: Mapping[str, str] | None = None, cwd: str = ROOT
) -> str:
    """What ``command`` writes to its standard output; BuildError with all it said if it fails.

    ``more`` is added to the environment.
    """
    environ = {**os.environ, **(more or {})}
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environ, stdin=subprocess.DEVNULL, check=False,
            capture_output=True, text=True, encoding="utf-8", errors="replace",
        )  # fmt: skip
    except FileNotFoundError as error:
        raise BuildError(f"{command[0]} is missing here: install it and try again.") from error
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        raise BuildError(f"{' '.join(command)} failed ({done.returncode}):\n{said}")
    return done.stdout


@dataclass(frozen=True)
class Release:
    """What is built, and where: ``out`` takes the results, ``work`` everything on the way.

    ``epoch`` is the moment, in seconds since 1970, that packed files carry: the same input has
    the same hash.
    """

    version: str
    epoch: int
    out: str
    work: str

    @property
    def moment(self) -> dict[str, str]:
        """``epoch`` for the environment of a program that packs; see reproducible-builds.org."""
        return {"SOURCE_DATE_EPOCH": str(self.epoch), "PYTHONHASHSEED": "0"}

    @property
    def wheel(self) -> str:
        """The path of the wheel, built or not."""
        return os.path.join(self.out, f"hrflow_watcher-{self.version}-py3-none-any.whl")

    @property
    def requirement(self) -> str:
        """What pip is to install: the wheel, what `try` and `sandbox` need, and a shared ledger."""
        return f"{self.wheel}[ledger,sandbox]"

    def fresh(self, *names: str) -> str:
        """An empty folder below ``work``."""
        folder = os.path.join(self.work, *names)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        return folder


def read_version(root: str = ROOT) -> str:
    """The version, from the one place where it stands."""
    with open(os.path.join(root, "watcher", "__init__.py"), encoding="utf-8") as file:
        found = re.search(r'^__version__ = "([^"]+)"$', file.read(), re.MULTILINE)
    if not found:
        raise BuildError("watcher/__init__.py names no version.")
    return found[1]


def read_epoch(environ: Mapping[str, str], run: Callable[..., str] = run_program) -> int:
    """SOURCE_DATE_EPOCH, else when the last change was committed, else a fixed moment."""
    named = environ.get("SOURCE_DATE_EPOCH", "")
    if named.isdecimal():
        return int(named)
    try:
        return int(run(["git", "log", "-1", "--format=%ct"]))
    except (BuildError, ValueError):  # an unpacked sdist
        return _NO_HISTORY


def find_python(folder: str) -> str:
    """The Python of a virtual environment, be it there or not."""
    parts = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return os.path.join(folder, *parts)


def make_environment(folder: str, *packages: str, lock: str = "") -> str:
    """A new virtual environment with ``packages``, and the path of its Python.

    ``lock``: a file of versions that must be taken.
    """
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    python = find_python(folder)
    constraint = ["--constraint", lock] if lock else []
    run_program([python, "-I", *PIP, *constraint, *packages])
    return python


def forget_origin(folder: str) -> None:
    """Remove what pip noted about where it installed from: that is a path of whoever builds."""
    for at, _, names in os.walk(folder):
        for name in _ORIGIN & set(names):
            os.remove(os.path.join(at, name))
        if at.endswith(".dist-info") and "RECORD" in names:
            path = os.path.join(at, "RECORD")
            with open(path, encoding="utf-8", newline="") as file:
                lines = [line for line in file if _record_name(line) not in _ORIGIN]
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.writelines(lines)


def _record_name(line: str) -> str:
    """The last part of the path that a line of RECORD is about."""
    return line.partition(",")[0].rpartition("/")[2]


PIP = ("-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check", "install")


def write_text(path: str, text: str, mode: int = 0o644) -> None:
    """A new text file, with Unix lines on every system."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    os.chmod(path, mode)


def read_text(*names: str) -> str:
    """A file of ``installers/``."""
    with open(os.path.join(ROOT, "installers", *names), encoding="utf-8") as file:
        return file.read()


def sum_up(folder: str) -> str:
    """The text of ``SHA256SUMS``, as ``sha256sum --check`` reads it, for the files of a folder."""
    lines = []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if os.path.isfile(path) and name != "SHA256SUMS":
            with open(path, "rb") as file:
                lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n")
    return "".join(lines)


def say(text: str) -> None:
    """A line for the person who builds."""
    print(text, file=sys.stderr, flush=True)
