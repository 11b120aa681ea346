"""The packages of Python, the list of what a release is made of, and the environments for both."""

from __future__ import annotations

import os
import shutil

from installers.common import ROOT, Release, find_python, make_environment, run_program, write_text

#: What builds; none of it is in what is built.
_TOOLS = ("build>=1.2,<2", "cyclonedx-bom>=7,<8")


def build_sdist(release: Release) -> str:
    """The archive of the sources; its path."""
    _build(release, "--sdist", ROOT)
    return os.path.join(release.out, f"hrflow_watcher-{release.version}.tar.gz")


def build_wheel(release: Release) -> str:
    """The wheel, from the archive of the sources, so that nothing is missing in that."""
    archive = build_sdist(release)
    unpacked = release.fresh("unpacked")
    shutil.unpack_archive(archive, unpacked, filter="data")
    _build(release, "--wheel", os.path.join(unpacked, f"hrflow_watcher-{release.version}"))
    return release.wheel


def _build(release: Release, kind: str, source: str) -> None:
    command = [_tools(release), "-m", "build", kind, "--outdir", release.out, source]
    run_program(command, more=release.moment)


def _tools(release: Release) -> str:
    """The Python that has the tools; made once."""
    folder = os.path.join(release.work, "tools")
    python = find_python(folder)
    return python if os.path.exists(python) else make_environment(folder, *_TOOLS)


def make_runtime(release: Release) -> tuple[str, str]:
    """An environment of what people get, nothing else: its Python, and the file of its versions."""
    folder = os.path.join(release.work, "runtime")
    if not os.path.exists(release.wheel):
        build_wheel(release)
    python = make_environment(folder, release.wheel)
    lock = os.path.join(release.work, "versions.txt")
    frozen = run_program([python, "-I", "-m", "pip", "freeze", "--exclude", "hrflow-watcher"])
    write_text(lock, frozen)
    # pip belongs to the environment, not to what is installed in it.
    run_program([python, "-I", "-m", "pip", "uninstall", "--yes", "pip", "setuptools"])
    return python, lock


def build_sbom(release: Release, python: str) -> str:
    """What a release is made of, for those who watch for known holes: CycloneDX, as JSON."""
    path = os.path.join(release.out, f"hrflow-watcher-{release.version}.cdx.json")
    command = [_tools(release), "-m", "cyclonedx_py", "environment", "--output-reproducible"]
    command += ["--pyproject", os.path.join(ROOT, "pyproject.toml"), "--short-PURLs"]
    run_program([*command, "--of", "JSON", "--output-file", path, python], more=release.moment)
    return path
