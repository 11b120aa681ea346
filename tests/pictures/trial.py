"""Draws the README's picture anew: ``python -m tests.pictures.trial``.

The real ``try`` runs at a pseudo-terminal, files are dropped into its folder, and what it wrote is
drawn as an SVG.
"""

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import threading

from rich.console import Console
from rich.text import Text

from tests.support.waiting import PATIENCE

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PICTURE = os.path.join(ROOT, "installers", "pictures", "try.svg")
DROPPED = ("Łukasz Wójcik.docx", "really a pdf.docx", "mai scan.jpeg", "renamed program.pdf")
COLUMNS = 140


def run_try():
    """What ``try`` writes to a terminal while files are dropped into its folder."""
    mine, its = pty.openpty()
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    environ.pop("NO_COLOR", None)
    with tempfile.TemporaryDirectory() as place:
        folder = os.path.join(place, "CVs")
        os.mkdir(folder)
        process = subprocess.Popen(
            [sys.executable, "-m", "watcher", "try", folder],
            stdin=its, stdout=its, stderr=its, cwd=ROOT, env=environ,
        )  # fmt: skip
        os.close(its)
        written = read_until(mine, "Watching")
        for name in DROPPED:
            shutil.copyfile(
                os.path.join(ROOT, "tests", "samples", name), os.path.join(folder, name)
            )
            written += read_until(mine, "renamed" if "renamed" in name else "Received by")
        for person in ("Łukasz Wójcik →", "John O'Brien →"):  # is asked for after some seconds
            written += "" if person in written else read_until(mine, person)
        process.terminate()
        written += read_until(mine, "Stopped at")
        process.wait(PATIENCE)
        os.close(mine)
        return written.replace(folder, "~/CVs").replace(os.path.realpath(folder), "~/CVs")


def read_until(terminal, text):
    """Everything written until a line with ``text`` is complete."""
    written = ""
    watchdog = threading.Timer(30, os._exit, (1,))
    watchdog.start()
    while text not in written or not written.endswith("\n"):
        written += os.read(terminal, 65536).decode(errors="replace")
    watchdog.cancel()
    return written


def main():
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(Text("$ hrflow-watcher try ~/CVs", style="bold"))
        text = re.sub(r"\r", "", run_try())
        text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:43613", text)
        console.print(Text.from_ansi(text))
        os.makedirs(os.path.dirname(PICTURE), exist_ok=True)
        svg = console.export_svg(title="hrflow-watcher", unique_id="try")
    # No fonts and no mention from elsewhere: the picture is complete in itself.
    svg = re.sub(r"@font-face \{.*?\}|<!--.*?-->", "", svg, flags=re.DOTALL)
    with open(PICTURE, "w", encoding="utf-8") as file:
        file.write(svg)
    print(PICTURE)  # noqa: T201 - where to look


if __name__ == "__main__":
    main()
