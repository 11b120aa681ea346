"""The packages of Python, the list of what a release is made of, and the environments for both."""

from __future__ import annotations

import os
import shutil

from installers.common import ROOT, Release, find_python, make_environment, run_program, write_text

#: What builds; none of it is in what is built.
_TOOLS = ("babel>=2.15,<3", "build>=1.2,<2", "hatchling>=1.24,<2", "cyclonedx-bom>=7,<8")


def make_tools(release: Release) -> str:
    """The Python that has the tools; made once, and again when others are wanted."""
    folder = os.path.join(release.work, "tools")
    python, stamp = find_python(folder), os.path.join(folder, "tools.stamp")
    wanted = " ".join(_TOOLS)
    if os.path.exists(stamp):
        with open(stamp, encoding="utf-8") as file:
            if file.read() == wanted:
                return python
    make_environment(folder, *_TOOLS)
    write_text(stamp, wanted)  # last: what was broken off is made anew
    return python


def build_sdist(release: Release, tools: str, source: str = ROOT) -> str:
    """The archive of the sources; its path."""
    _build(release, tools, "--sdist", source)
    return path_of_sdist(release)


def path_of_sdist(release: Release) -> str:
    """Where the archive of the sources is put."""
    return os.path.join(release.out, f"hrflow_watcher-{release.version}.tar.gz")


def build_wheel(release: Release, tools: str) -> str:
    """The wheel, from the archive of the sources, so that nothing is missing in that."""
    archive = build_sdist(release, tools)
    unpacked = release.fresh("unpacked")
    shutil.unpack_archive(archive, unpacked, filter="data")
    source = os.path.join(unpacked, f"hrflow_watcher-{release.version}")
    _build(release, tools, "--wheel", source)
    return release.wheel


def _build(release: Release, tools: str, kind: str, source: str) -> None:
    command = [tools, "-m", "build", "--no-isolation", kind, "--outdir", release.out, source]
    run_program(command, more=release.moment)


def make_runtime(release: Release) -> tuple[str, str]:
    """An environment of what people get, nothing else: its Python, and the file of its versions."""
    folder = os.path.join(release.work, "runtime")
    python = make_environment(folder, release.requirement)
    lock = os.path.join(release.work, "versions.txt")
    frozen = run_program([python, "-I", "-m", "pip", "freeze", "--exclude", "hrflow-watcher"])
    write_text(lock, frozen)
    # pip belongs to the environment, not to what is installed in it.
    run_program([python, "-I", "-m", "pip", "uninstall", "--yes", "pip", "setuptools"])
    return python, lock


def build_sbom(release: Release, tools: str, python: str) -> str:
    """What a release is made of, for those who watch for known holes: CycloneDX, as JSON."""
    path = os.path.join(release.out, f"hrflow-watcher-{release.version}.cdx.json")
    with open(os.path.join(ROOT, "pyproject.toml"), encoding="utf-8") as file:
        project = file.read()
    named = os.path.join(release.fresh("sbom"), "pyproject.toml")  # it wants the version there
    write_text(named, project.replace('dynamic = ["version"]', f'version = "{release.version}"'))
    command = [tools, "-m", "cyclonedx_py", "environment", "--output-reproducible"]
    command += ["--pyproject", named, "--short-PURLs"]
    run_program([*command, "--of", "JSON", "--output-file", path, python], more=release.moment)
    return path
