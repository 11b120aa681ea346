#!/usr/bin/env python3
"""Builds what is released: `installers/build.py --target deb`, one target or several.

Everything lands in `dist/`, with SHA256SUMS beside it; `build/` takes what is needed on the way.
A target that this system cannot build is refused, and `all` means all that it can.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)  # run as a script, only this folder would be found

from installers import packages  # noqa: E402 - see above
from installers.common import (  # noqa: E402
    BuildError,
    Release,
    read_epoch,
    read_version,
    say,
    sum_up,
    write_text,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Target → the systems that can build it, as `sys.platform` has them; none: every one.
TARGETS = {
    "sdist": (), "wheel": (), "sbom": (), "frozen": (), "tarball": ("linux",), "deb": ("linux",),
    "windows": ("win32",), "macos": ("darwin",),
}  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Build what ``arguments`` ask for; 0, or 1 with a sentence that says why not."""
    parser = argparse.ArgumentParser(prog="installers/build.py", description=__doc__.split("\n")[0])
    parser.add_argument(
        "--target", action="append", choices=(*TARGETS, "all"), required=True,
        help="may be given more than once",
    )  # fmt: skip
    parser.add_argument("--out", default=os.path.join(ROOT, "dist"), metavar="FOLDER")
    parser.add_argument("--work", default=os.path.join(ROOT, "build"), metavar="FOLDER")
    parser.add_argument(
        "--suffix", default="", help="added to the version of a .deb, as ~rc1, to try an upgrade"
    )
    wanted = parser.parse_args(arguments)
    try:
        targets = choose(wanted.target, sys.platform)
        release = Release(
            read_version(), read_epoch(os.environ),
            os.path.abspath(wanted.out), os.path.abspath(wanted.work),
        )  # fmt: skip
        os.makedirs(release.out, exist_ok=True)
        for path in build(release, targets, wanted.suffix):
            say(f"✓ {os.path.relpath(path)}  {_describe(path)}")
    except BuildError as error:
        say(f"✗ {error}")
        return 1
    sums = os.path.join(release.out, "SHA256SUMS")
    write_text(sums, sum_up(release.out))
    say(f"✓ {os.path.relpath(sums)}")
    return 0


def choose(wanted: Sequence[str], platform: str) -> list[str]:
    """The targets in their order, each once; BuildError for one that ``platform`` cannot build."""
    if "all" in wanted:
        return [name for name, where in TARGETS.items() if not where or platform in where]
    for name in wanted:
        if TARGETS[name] and platform not in TARGETS[name]:
            where = " and ".join(TARGETS[name])
            raise BuildError(f"The target {name} is built on {where}, and this is {platform}.")
    return [name for name in TARGETS if name in wanted]


def build(release: Release, targets: Sequence[str], suffix: str = "") -> list[str]:
    """The paths of what was built. What several targets need is made once."""
    tools = packages.make_tools(release)
    if set(targets) == {"sdist"}:
        return [packages.build_sdist(release, tools)]
    made = [packages.build_wheel(release, tools)]
    if "sdist" in targets:  # the wheel is made of it
        made.insert(0, packages.path_of_sdist(release))
    later = [name for name in targets if name not in ("sdist", "wheel")]
    if not later:
        return made
    python, lock = packages.make_runtime(release)
    if "sbom" in later:
        made.append(packages.build_sbom(release, tools, python))
    if "deb" in later:
        from installers.linux import deb  # noqa: PLC0415 - each system needs its own only

        made.append(deb.build_deb(release, python, lock, suffix))
    frozen = [name for name in later if name not in ("sbom", "deb")]
    if frozen:
        made += _build_frozen(release, frozen, python, lock)
    return made


def _build_frozen(release: Release, targets: Sequence[str], python: str, lock: str) -> list[str]:
    """The program with its own Python, and the installers that are made of it."""
    from installers.frozen import freeze  # noqa: PLC0415

    folder = freeze.build_frozen(release, lock)
    made = [folder]
    if "tarball" in targets:
        from installers.linux import tarball  # noqa: PLC0415

        made.append(tarball.build_tarball(release, python, folder))
    if "windows" in targets:
        from installers.windows import setup  # noqa: PLC0415

        made.append(setup.build_setup(release, folder, os.environ))
    if "macos" in targets:
        from installers.macos import package  # noqa: PLC0415

        made.append(package.build_package(release, folder, os.environ))
    return made


def _describe(path: str) -> str:
    """The size of a file, or of all files of a folder."""
    sizes = [
        os.lstat(os.path.join(at, name)).st_size
        for at, _, names in os.walk(path) for name in names
    ] or [os.stat(path).st_size]  # fmt: skip
    return f"{sum(sizes) / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
