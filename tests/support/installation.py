"""An installation of the program that can be replaced by another version, as installers do it."""

import base64
import hashlib
import os
import pathlib
import re
import shutil
import sys

SOURCE = pathlib.Path(__file__).parents[2] / "watcher"
#: What would have the processes measured: their modules go while they run.
MEASURING = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")


class Installation:
    """``folder`` is what a virtual environment has as ``site-packages``."""

    def __init__(self, folder, version):
        self.folder = folder
        self.put(version)

    def environ(self, environ):
        """``environ`` for a Python that finds the program here first."""
        kept = {name: value for name, value in environ.items() if name not in MEASURING}
        # What is compiled is told by whole seconds of mtime: tests replace files faster.
        own = {
            "PYTHONPATH": str(self.folder),
            "PYTHONSAFEPATH": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return {**kept, **own}

    def command(self, *arguments):
        return [sys.executable, "-m", "watcher", *arguments]

    def put(self, version, **changes):
        """Replace everything, as a wheel is unpacked: one file after another, RECORD the last."""
        self.put_modules(version, **changes)
        self.put_record(version)

    def put_modules(self, version, **changes):
        """``changes``: a module's name with ``__`` for dots, and what it is instead."""
        for path, data in self._files(version, changes):
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(target.name + ".part")
            part.write_bytes(data)
            os.replace(part, target)

    def put_record(self, version):
        """The metadata of this version in the place of the others."""
        for old in self.folder.glob("*.dist-info"):
            shutil.rmtree(old)
        lines = [
            f"{path.relative_to(self.folder).as_posix()},sha256={digest(path.read_bytes())},{path.stat().st_size}\n"
            for path in sorted((self.folder / "watcher").rglob("*"))
            if path.is_file()
        ]
        place = self.folder / f"hrflow_watcher-{version}.dist-info"
        place.mkdir()
        (place / "METADATA").write_text(f"Name: hrflow-watcher\nVersion: {version}\n")
        name = place.relative_to(self.folder)
        (place / "RECORD").write_text("".join([*lines, f"{name}/RECORD,,\n"]))

    def _files(self, version, changes):
        for path in sorted(SOURCE.rglob("*")):
            if not path.is_file() or "__pycache__" in path.parts:
                continue
            name = path.relative_to(SOURCE.parent)
            data = path.read_bytes()
            if name.as_posix() == "watcher/__init__.py":
                data = re.sub(
                    rb"(?m)^__version__ = .*", f'__version__ = "{version}"'.encode(), data
                )
            changed = changes.get(".".join(name.with_suffix("").parts[1:]).replace(".", "__"))
            yield name, data if changed is None else changed.encode()


def digest(data):
    """As RECORD has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
