"""The archive for Linux systems without packages of ours: the frozen program, put anywhere."""

from __future__ import annotations

import os
import platform
import shutil
import tarfile
from typing import TYPE_CHECKING

from installers.common import NAME, ROOT, read_text, run_program, write_text

if TYPE_CHECKING:
    from installers.common import Release


def build_tarball(release: Release, python: str, frozen: str) -> str:
    """The archive's path. ``install.sh`` in it puts it into a home folder, or below a prefix."""
    machine = platform.machine()
    top = f"{NAME}-{release.version}-linux-{machine}"
    tree = os.path.join(release.fresh("tarball"), top)
    shutil.copytree(frozen, os.path.join(tree, "app"), symlinks=True)
    # "@command@" becomes the path of the program once that is known.
    assets = os.path.join(ROOT, "installers", "assets.py")
    run_program([python, "-I", assets, tree, "@command@", str(release.epoch)])
    shutil.rmtree(os.path.join(tree, "lib"))  # `service install` writes the unit
    write_text(os.path.join(tree, "install.sh"), read_text("linux", "install.sh"), 0o755)
    for name in ("LICENSE", "CHANGELOG.md", "config.example.toml"):
        shutil.copy(os.path.join(ROOT, name), tree)
    path = os.path.join(release.out, f"{top}.tar.xz")
    with tarfile.open(path, "w:xz") as archive:
        archive.add(tree, top, filter=lambda info: settle(info, release.epoch))
    return path


def settle(info: tarfile.TarInfo, epoch: int) -> tarfile.TarInfo:
    """A member without a trace of who packed it and when."""
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    info.mtime = epoch
    info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
    return info
