"""The program with its own Python, for machines that have none: PyInstaller, in one folder."""

from __future__ import annotations

import os
import sys

from installers.common import (
    NAME,
    ROOT,
    Release,
    forget_origin,
    make_environment,
    run_program,
    write_text,
)  # fmt: skip

_TOOL = "pyinstaller>=6.10,<7"
#: Draws the program's icon for Windows and macOS.
_PICTURES = """
import sys
from watcher.model.snapshot import AppState
from watcher.desktop.drawing import draw
sizes = (16, 24, 32, 48, 64, 128, 256)
drawn = [draw(AppState.IDLE, size) for size in sizes]
drawn[-1].save(sys.argv[1] + "/icon.ico", append_images=drawn[:-1],
               sizes=[(size, size) for size in sizes])
draw(AppState.IDLE, 1024).save(sys.argv[1] + "/icon.icns")
"""


def build_frozen(release: Release, lock: str) -> str:
    """The folder with the program (on macOS the .app); ``lock`` has the libraries' versions."""
    place = os.path.join(release.work, "freezer")
    python = make_environment(place, release.requirement, _TOOL, lock=lock)
    forget_origin(place)
    pictures = release.fresh("pictures")
    run_program([python, "-I", "-c", _PICTURES, pictures])
    made = release.fresh("frozen")
    spec = os.path.join(ROOT, "installers", "frozen", f"{NAME}.spec")
    command = [python, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += ["--distpath", made, "--workpath", release.fresh("freezing"), spec]
    # Not from ROOT: the checkout's own folder would be taken for what is installed.
    told = run_program(
        command, more={**release.moment, "HRFLOW_WATCHER_PICTURES": pictures}, cwd=release.work
    )
    write_text(os.path.join(release.work, "freezing.log"), told)
    name = "HrFlow Watcher.app" if sys.platform == "darwin" else NAME
    folder = os.path.join(made, name)
    check_frozen(folder, release.version)
    return folder


def program_of(folder: str) -> str:
    """The path of the program in what was frozen."""
    if folder.endswith(".app"):
        return os.path.join(folder, "Contents", "MacOS", NAME)
    return os.path.join(folder, NAME + (".exe" if sys.platform == "win32" else ""))


def check_frozen(folder: str, version: str) -> None:
    """Start it: what cannot be started is not handed out."""
    said = run_program([program_of(folder), "--version"], cwd=folder).strip()
    assert said == f"{NAME} {version}", said
    run_program([program_of(folder), "doctor", "--help"], cwd=folder)
