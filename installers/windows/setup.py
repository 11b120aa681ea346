"""The installer for Windows: the frozen program in Inno Setup, signed where a certificate is given.

Nothing of this has run on Windows yet: the commands go through the function that runs programs,
and that is what tests look at.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from installers.common import NAME, ROOT, BuildError, Release, run_program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PLACES = (r"Inno Setup 6\ISCC.exe",)


def build_setup(
    release: Release, frozen: str, environ: Mapping[str, str], run: Callable[..., str] = run_program
) -> str:
    """The installer's path.

    HRFLOW_WATCHER_SIGN_SHA1 is the fingerprint of a certificate in the person's store, where a
    token or a service has put it: no password stands in an argument.
    """
    fingerprint = environ.get("HRFLOW_WATCHER_SIGN_SHA1", "")
    if fingerprint:
        for program in (f"{NAME}.exe", f"{NAME}w.exe"):
            run([*sign_command(fingerprint, environ), os.path.join(frozen, program)])
    signing = sign_command(fingerprint, environ) if fingerprint else []
    run(compile_command(find_compiler(environ), release, frozen, signing))
    result = os.path.join(release.out, f"{NAME}-{release.version}-setup.exe")
    if fingerprint:
        run(["signtool", "verify", "/pa", result])
    return result


def compile_command(compiler: str, release: Release, frozen: str, signing: list[str]) -> list[str]:
    """How Inno Setup is called; ``signing`` is how a file is signed, empty if none is."""
    defined = {
        "Version": release.version,
        "FourNumbers": four_numbers(release.version),
        "Source": frozen,
        "Output": release.out,
        "License": os.path.join(ROOT, "LICENSE"),
        "Icon": os.path.join(release.work, "pictures", "icon.ico"),
    }
    command = [compiler, "/Qp", *(f"/D{name}={value}" for name, value in defined.items())]
    if signing:
        # $q is Inno Setup's quote, $f the file.
        words = [f"$q{word}$q" if " " in word else word for word in signing]
        command += ["/DSigned", f"/Srelease={' '.join(words)} $f"]
    return [*command, os.path.join(ROOT, "installers", "windows", "setup.iss")]


def sign_command(fingerprint: str, environ: Mapping[str, str]) -> list[str]:
    """How one file is signed; the file's name follows."""
    clock = environ.get("HRFLOW_WATCHER_TIMESTAMP_URL", "http://timestamp.digicert.com")
    return ["signtool", "sign", "/sha1", fingerprint, "/fd", "sha256", "/tr", clock, "/td",
            "sha256"]  # fmt: skip


def find_compiler(environ: Mapping[str, str]) -> str:
    """Inno Setup's compiler; BuildError if there is none."""
    found = environ.get("ISCC") or shutil.which("ISCC")
    if found:
        return found
    for variable in ("ProgramFiles(x86)", "ProgramFiles", "LOCALAPPDATA"):
        for place in _PLACES:
            path = os.path.join(environ.get(variable, ""), place)
            if os.path.isabs(path) and os.path.exists(path):
                return path
    raise BuildError("Inno Setup 6 is missing: install it, or name its ISCC.exe in ISCC.")


def four_numbers(version: str) -> str:
    """A version as Windows has it: ``1.2.3rc1`` → ``1.2.3.0``."""
    numbers = []
    for part in version.split(".")[:4]:
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        numbers.append(digits or "0")
    return ".".join((numbers + ["0"] * 4)[:4])
