"""What is installed beside the program on a Linux system, laid out as below ``/usr``.

Run by a Python that has the program: `python installers/assets.py FOLDER COMMAND EPOCH`, with
COMMAND the absolute path that will start it.
"""

from __future__ import annotations

import gzip
import os
import sys
import time

from click.shell_completion import BashComplete, FishComplete, ZshComplete

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(1, ROOT)  # after the installed program, which is what has to be described

from installers.common import NAME, read_text, write_text  # noqa: E402 - see above
from installers.manual import render_manual  # noqa: E402
from watcher import __version__  # noqa: E402
from watcher.cli import cli  # noqa: E402
from watcher.desktop.drawing import draw  # noqa: E402
from watcher.model.snapshot import AppState  # noqa: E402
from watcher.service import NAME as SERVICE  # noqa: E402
from watcher.service.common import COMMENT, COMMENT_FR, Definition  # noqa: E402
from watcher.service.linux import render_unit  # noqa: E402

#: Shell → the class that writes its completion, and where it looks for it.
_SHELLS = (
    (BashComplete, f"share/bash-completion/completions/{NAME}"),
    (ZshComplete, f"share/zsh/vendor-completions/_{NAME}"),
    (FishComplete, f"share/fish/vendor_completions.d/{NAME}.fish"),
)
#: Sizes of the icon in points, where the program can draw it.
_SIZES = (16, 22, 24, 32, 48, 64, 128, 256)
#: The oldest systemd that it is written for, Debian 12's; nothing is asked for that users may lack.
_SYSTEMD = 252


def main(arguments: list[str]) -> None:
    """Write everything below the folder that is named first."""
    folder, command, epoch = arguments
    day = time.strftime("%Y-%m-%d", time.gmtime(int(epoch)))
    write_manual(folder, day)
    write_completions(folder)
    write_text(os.path.join(folder, f"share/applications/{NAME}.desktop"), render_entry(command))
    write_icons(os.path.join(folder, "share/icons/hicolor"))
    write_text(os.path.join(folder, f"lib/systemd/user/{SERVICE}.service"), render_shared(command))


def write_manual(folder: str, day: str) -> None:
    """The man page, packed without a moment of its own, as Debian wants it."""
    path = os.path.join(folder, f"share/man/man1/{NAME}.1.gz")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    text = render_manual(cli, NAME, __version__, day)
    with open(path, "wb") as file:
        file.write(gzip.compress(text.encode(), 9, mtime=0))


def write_completions(folder: str) -> None:
    """One file a shell: each asks the program itself what can follow."""
    variable = f"_{NAME}_COMPLETE".replace("-", "_").upper()
    for kind, place in _SHELLS:
        shell = kind(cli, {}, NAME, variable)
        text = kind.source_template % shell.source_vars()
        write_text(os.path.join(folder, place), text.strip() + "\n")


def render_entry(command: str) -> str:
    """The entry of the desktop's menu: it opens the activity page."""
    lines = [
        "[Desktop Entry]",
        "Type=Application",
        f"Name={SERVICE}",
        f"Comment={COMMENT}",
        f"Comment[fr]={COMMENT_FR}",
        f"Exec={command} open",
        f"Icon={NAME}",
        "Terminal=false",
        "Categories=Office;",
        "Keywords=CV;resume;recruiting;HrFlow;upload;",
        "Keywords[fr]=CV;recrutement;HrFlow;envoi;",
    ]
    return "\n".join(lines) + "\n"


def render_shared(command: str) -> str:
    """The unit for whoever has it started for every person of a machine."""
    text = render_unit(Definition((command, "run", "--quiet")), version=_SYSTEMD, namespaces=False)
    told = f"# Shipped with {NAME}; `{NAME} service install` writes one for a single person.\n"
    # A login screen, say, has a session too, and nobody who drops CVs.
    text = text.replace("[Unit]\n", "[Unit]\nConditionUser=!@system\n", 1)
    return told + text.partition("\n")[2]


def write_icons(folder: str) -> None:
    """The icon as a drawing for every size, and drawn for each size as the panel shows it."""
    write_text(os.path.join(folder, f"scalable/apps/{NAME}.svg"), read_text("icon.svg"))
    for size in _SIZES:
        path = os.path.join(folder, f"{size}x{size}", "apps", f"{NAME}.png")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        draw(AppState.IDLE, size).save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
