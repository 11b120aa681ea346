"""The package for Debian, Ubuntu and their kin.

It has the program and its libraries as a virtual environment below /opt that uses the system's
Python. Compiled libraries are there for every version of Python that a supported release of these
systems has, so that one package serves them all; files that are the same are stored once.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import stat
import sys
import time
from typing import TYPE_CHECKING

from installers.common import (
    NAME,
    PIP,
    ROOT,
    BuildError,
    forget_origin,
    read_text,
    run_program,
    write_text,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from installers.common import Release

#: Debian 12 and Ubuntu 24.04 and Debian 13, and what follows; the first is what builds.
PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))
_HOME = f"opt/{NAME}"
_SCRIPTS = ("postinst", "prerm")
_MAINTAINER = f"{NAME} <{NAME}@users.noreply.github.com>"
#: The libc that wheels are made for at most, from their names: manylinux_2_34 needs 2.34.
_LIBC = re.compile(r"manylinux_(\d+)_(\d+)_")
_OLD_LIBC = {"manylinux2014": (2, 17), "manylinux2010": (2, 12), "manylinux1": (2, 5)}


def build_deb(release: Release, python: str, lock: str, suffix: str = "") -> str:
    """The package's path. ``suffix`` is added to its version, ``lock`` has those of libraries."""
    tree = release.fresh("deb")
    architecture = run_program(["dpkg", "--print-architecture"]).strip()
    version = debian_version(release.version) + suffix
    targets = [each for each in PYTHONS if each >= sys.version_info[:2]]
    for target in targets:
        _install(release.requirement, lock, tree, target)
    share_files(os.path.join(tree, _HOME))
    _lay_out(release, tree, python)
    _document(release, tree, version, _maintainer(os.environ))
    _settle_modes(tree)
    control = read_text("linux", "control").format(
        version=version,
        architecture=architecture,
        maintainer=_maintainer(os.environ),
        size=_size(tree) // 1024,
        oldest=_dotted(targets[0]),
        after=_dotted((targets[-1][0], targets[-1][1] + 1)),
        libc=_dotted(needed_libc(_tags(tree))),
    )
    _add_control(tree, control)
    path = os.path.join(release.out, f"{NAME}_{version}_{architecture}.deb")
    command = ["dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, path]
    run_program(command, more=release.moment)
    return path


def debian_version(version: str) -> str:
    """A version of Python's as Debian sorts it: ``1.0rc1`` before ``1.0``."""
    return re.sub(r"\.?(a|b|rc|dev)(\d+)$", r"~\1\2", version)


def needed_libc(tags: Sequence[str]) -> tuple[int, int]:
    """The libc that wheels with ``tags`` need, as (2, 34).

    A wheel has several tags when it serves older systems as well: the oldest counts of each.
    """
    newest = (2, 5)
    for line in tags:
        found = [(int(a), int(b)) for a, b in _LIBC.findall(line)]
        found += [libc for name, libc in _OLD_LIBC.items() if f"{name}_" in line]
        newest = max(newest, min(found, default=newest))
    return newest


def share_files(folder: str) -> None:
    """Have files that are the same be one file with several names (hard links)."""
    seen: dict[tuple[int, str], str] = {}
    for path in _files(folder):
        with open(path, "rb") as file:
            key = os.stat(path).st_size, hashlib.file_digest(file, "sha256").hexdigest()
        first = seen.setdefault(key, path)
        if first != path:
            os.remove(path)
            os.link(first, path)


def _install(requirement: str, lock: str, tree: str, target: tuple[int, int]) -> None:
    """The program and its libraries for one version of Python."""
    place = os.path.join(tree, _HOME, "lib", f"python{_dotted(target)}", "site-packages")
    command = [sys.executable, *PIP, "--target", place, "--python-version", _dotted(target)]
    command += ["--implementation", "cp", "--only-binary", ":all:", "--no-compile"]
    run_program([*command, "--constraint", lock, requirement])
    shutil.rmtree(os.path.join(place, "bin"), ignore_errors=True)  # scripts of libraries
    forget_origin(place)


def _lay_out(release: Release, tree: str, python: str) -> None:
    """The virtual environment around the libraries, and what stands below /usr."""
    home = os.path.join(tree, _HOME)
    write_text(
        os.path.join(home, "pyvenv.cfg"),
        "home = /usr/bin\ninclude-system-site-packages = false\n",
    )
    write_text(os.path.join(home, "bin", NAME), read_text("linux", "start.py"), 0o755)
    os.symlink("/usr/bin/python3", os.path.join(home, "bin", "python3"))
    usr = os.path.join(tree, "usr")
    os.makedirs(os.path.join(usr, "bin"))
    os.symlink(f"/{_HOME}/bin/{NAME}", os.path.join(usr, "bin", NAME))
    assets = os.path.join(ROOT, "installers", "assets.py")
    run_program([python, "-I", assets, usr, f"/usr/bin/{NAME}", str(release.epoch)])
    preset = os.path.join(usr, "lib", "systemd", "user-preset", f"90-{NAME}.preset")
    write_text(preset, read_text("linux", "preset"))
    overrides = os.path.join(usr, "share", "lintian", "overrides", NAME)
    write_text(overrides, read_text("linux", "lintian-overrides"))


def _document(release: Release, tree: str, version: str, maintainer: str) -> None:
    folder = os.path.join(tree, "usr", "share", "doc", NAME)
    os.makedirs(folder)
    day = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(release.epoch))
    with open(os.path.join(ROOT, "LICENSE"), encoding="utf-8") as file:
        write_text(os.path.join(folder, "copyright"), _copyright(file.read()))
    with open(os.path.join(ROOT, "CHANGELOG.md"), "rb") as source:
        _pack(os.path.join(folder, "CHANGELOG.md.gz"), source.read())
    entry = (
        f"{NAME} ({version}) stable; urgency=medium\n\n"
        f"  * What is new stands in CHANGELOG.md.gz beside this file.\n\n -- {maintainer}  {day}\n"
    )
    _pack(os.path.join(folder, "changelog.gz"), entry.encode())
    with open(os.path.join(ROOT, "config.example.toml"), "rb") as source:
        _pack(os.path.join(folder, "config.example.toml.gz"), source.read())


def _copyright(licence: str) -> str:
    """Debian's machine-readable form of LICENSE; libraries carry theirs beside them."""
    owner = re.search(r"^Copyright \(c\) (.+)$", licence, re.MULTILINE)
    text = "\n".join(f" {line}" if line.strip() else " ." for line in licence.strip().splitlines())
    return (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        f"Upstream-Name: {NAME}\n"
        f"Comment: The licence of each library is in its .dist-info folder below /{_HOME}.\n\n"
        f"Files: *\nCopyright: {owner[1] if owner else NAME}\nLicense: Expat\n{text}\n"
    )


def _add_control(tree: str, control: str) -> None:
    """The part of the package that dpkg reads."""
    sums = []
    for path in _files(tree):
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "md5").hexdigest()  # what dpkg expects
        sums.append(f"{digest}  {os.path.relpath(path, tree)}\n")
    folder = os.path.join(tree, "DEBIAN")
    write_text(os.path.join(folder, "control"), control)
    write_text(os.path.join(folder, "md5sums"), "".join(sums))
    write_text(os.path.join(folder, "triggers"), read_text("linux", "triggers"))
    for name in _SCRIPTS:
        write_text(os.path.join(folder, name), read_text("linux", name), 0o755)
    os.chmod(folder, 0o755)


def _files(folder: str) -> Iterator[str]:
    """The regular files below ``folder``, in an order that is always the same."""
    for at, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(at, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                yield path


def _tags(tree: str) -> list[str]:
    """One line a compiled wheel: the systems that it says it is for."""
    found = []
    for path in _files(tree):
        if path.endswith(".dist-info/WHEEL"):
            with open(path, encoding="utf-8") as file:
                found.append(" ".join(line for line in file if line.startswith("Tag:")))
    return found


def _settle_modes(tree: str) -> None:
    """Modes that do not depend on who builds."""
    for at, _, names in os.walk(tree):
        os.chmod(at, 0o755)
        for name in names:
            path = os.path.join(at, name)
            if not os.path.islink(path):
                starts = os.path.dirname(path).endswith("/bin")
                os.chmod(path, 0o755 if starts else 0o644)


def _size(tree: str) -> int:
    """Bytes on the disk, a file with several names once."""
    found = {}
    for path in _files(tree):
        facts = os.stat(path)
        found[facts.st_ino] = facts.st_size
    return sum(found.values())


def _maintainer(environ: Mapping[str, str]) -> str:
    """Who answers for this build, as Debian's tools are told it."""
    name, email = environ.get("DEBFULLNAME"), environ.get("DEBEMAIL")
    if bool(name) != bool(email):
        raise BuildError("Set both DEBFULLNAME and DEBEMAIL, or neither.")
    return f"{name} <{email}>" if name else _MAINTAINER


def _pack(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(gzip.compress(content, 9, mtime=0))


def _dotted(version: tuple[int, int]) -> str:
    return "{}.{}".format(*version)
