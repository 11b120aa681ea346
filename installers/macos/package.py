"""The installer for macOS: the .app in a package, signed and notarised where there are identities.

Nothing of this has run on macOS yet: `commands` is what would be run, and what tests look at.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from installers.common import NAME, ROOT, BuildError, Release, run_program, write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

IDENTIFIER = "io.github.hrflow-watcher"
_DISTRIBUTION = """\
<?xml version="1.0" encoding="utf-8"?>
<installer-gui-script minSpecVersion="2">
    <title>HrFlow Watcher</title>
    <license file="LICENSE.txt"/>
    <options customize="never" require-scripts="false" hostArchitectures="arm64,x86_64"/>
    <volume-check><allowed-os-versions><os-version min="12.0"/></allowed-os-versions></volume-check>
    <domains enable_anywhere="false" enable_currentUserHome="false" enable_localSystem="true"/>
    <choices-outline><line choice="all"/></choices-outline>
    <choice id="all" title="HrFlow Watcher"><pkg-ref id="{identifier}"/></choice>
    <pkg-ref id="{identifier}" version="{version}">{name}.pkg</pkg-ref>
</installer-gui-script>
"""


def build_package(
    release: Release, app: str, environ: Mapping[str, str], run: Callable[..., str] = run_program
) -> str:
    """The package's path. ``app`` is the .app that was frozen.

    HRFLOW_WATCHER_CODESIGN_IDENTITY signs the .app, HRFLOW_WATCHER_INSTALLER_IDENTITY the package;
    HRFLOW_WATCHER_NOTARY_PROFILE is a profile that `notarytool store-credentials` has stored: no
    password stands in an argument.
    """
    work = release.fresh("macos")
    root = os.path.join(work, "root")
    shutil.copytree(app, os.path.join(root, os.path.basename(app)), symlinks=True)
    scripts = os.path.join(work, "scripts")
    os.makedirs(scripts)
    shutil.copy(os.path.join(ROOT, "installers", "macos", "postinstall"), scripts)
    os.chmod(os.path.join(scripts, "postinstall"), 0o755)
    resources = os.path.join(work, "resources")
    os.makedirs(resources)
    shutil.copy(os.path.join(ROOT, "LICENSE"), os.path.join(resources, "LICENSE.txt"))
    text = _DISTRIBUTION.format(identifier=IDENTIFIER, version=release.version, name=NAME)
    write_text(os.path.join(work, "distribution.xml"), text)
    result = os.path.join(release.out, f"{NAME}-{release.version}.pkg")
    for command in commands(work, os.path.basename(app), result, release.version, environ):
        run(command)
    return result


def commands(
    work: str, app: str, result: str, version: str, environ: Mapping[str, str]
) -> list[list[str]]:
    """Every program that is run, in its order, with its arguments."""
    identity = environ.get("HRFLOW_WATCHER_CODESIGN_IDENTITY", "")
    installer = environ.get("HRFLOW_WATCHER_INSTALLER_IDENTITY", "")
    profile = environ.get("HRFLOW_WATCHER_NOTARY_PROFILE", "")
    if profile and not (identity and installer):
        raise BuildError("Apple notarises only what is signed: set both identities as well.")
    placed = os.path.join(work, "root", app)
    inner = os.path.join(work, f"{NAME}.pkg")
    found = []
    if identity:
        # PyInstaller has signed everything in it, the inner parts first, with the entitlements.
        found.append(["codesign", "--verify", "--deep", "--strict", placed])
    found += [
        ["pkgbuild", "--root", os.path.join(work, "root"), "--identifier", IDENTIFIER,
         "--version", version, "--install-location", "/Applications",
         "--scripts", os.path.join(work, "scripts"), inner],
        ["productbuild", "--distribution", os.path.join(work, "distribution.xml"),
         "--resources", os.path.join(work, "resources"), "--package-path", work,
         *(["--sign", installer, "--timestamp"] if installer else []), result],
    ]  # fmt: skip
    if profile:
        found += [
            ["xcrun", "notarytool", "submit", result, "--keychain-profile", profile, "--wait"],
            ["xcrun", "stapler", "staple", result],
            ["spctl", "--assess", "--type", "install", result],
        ]
    return found
