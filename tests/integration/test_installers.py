"""Parts of a release, built and used for real; `python -m tests.installers` tries the package."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest

from installers import assets, common, packages
from tests.support.waiting import PATIENCE
from watcher import __version__

ROOT = pathlib.Path(__file__).parents[2]
EPOCH = 1790000000

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="these are for Linux")


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def members(path):
    with zipfile.ZipFile(path) as wheel:
        return [
            (info.filename, info.CRC, info.external_attr, info.date_time)
            for info in wheel.infolist()
        ]


# --- The packages of Python -------------------------------------------------------------------


@pytest.fixture(scope="module")
def twice(tmp_path_factory):
    """Two releases of the same sources: from the checkout, and from what the first one packed.

    The second has other folders, other moments and other modes on the disk.
    """
    made = []
    for name in ("first", "second"):
        folder = tmp_path_factory.mktemp(name)
        release = common.Release(__version__, EPOCH, str(folder / "out"), str(folder / "work"))
        made.append(release)
    first, second = made
    packages.build_wheel(first, sys.executable)
    source = pathlib.Path(first.work, "unpacked", f"hrflow_watcher-{__version__}")
    for path in source.rglob("*"):
        os.utime(path, (1, 10**9))
        path.chmod(path.stat().st_mode & 0o700)
    packages.build_sdist(second, sys.executable, str(source))
    packages._build(second, sys.executable, "--wheel", str(ROOT))
    return made


def test_the_same_sources_have_the_same_hash(twice):
    first, second = twice
    names = sorted(os.listdir(first.out))
    assert names == [f"hrflow_watcher-{__version__}-py3-none-any.whl",
                     f"hrflow_watcher-{__version__}.tar.gz"]  # fmt: skip
    assert members(first.wheel) == members(second.wheel)  # says which file, unlike a hash
    for name in names:
        assert digest(f"{first.out}/{name}") == digest(f"{second.out}/{name}"), name


def test_packages_have_what_they_need_and_no_more(twice):
    with zipfile.ZipFile(twice[0].wheel) as wheel:
        names = wheel.namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {"watcher", f"hrflow_watcher-{__version__}.dist-info"}
    assert "watcher/py.typed" in names
    with tarfile.open(f"{twice[0].out}/hrflow_watcher-{__version__}.tar.gz") as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", "config.example.toml",
              "installers/build.py", "installers/linux/postinst", "watcher/__init__.py"}  # fmt: skip
    assert wanted <= inside
    assert not [name for name in inside if name.startswith(("dist/", "build/", ".venv/"))]


# --- What stands beside the program -----------------------------------------------------------


@pytest.fixture(scope="module")
def beside(tmp_path_factory):
    folder = tmp_path_factory.mktemp("beside")
    assets.main([str(folder), "@command@", str(EPOCH)])
    return folder


def run(*command, **more):
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, check=False, **more
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_man_page_is_without_warnings(beside):
    if not shutil.which("man"):
        pytest.skip("man is missing (Debian package man-db)")
    page = beside / "share/man/man1/hrflow-watcher.1.gz"
    done = run("man", "--warnings", "--encoding=UTF-8", "--local-file", str(page),
               env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})  # fmt: skip
    assert "warning" not in done.lower().split("name\n")[0]
    assert "service install [OPTIONS]" in done


def test_the_entry_of_the_menu_is_valid(beside, tmp_path):
    if not shutil.which("desktop-file-validate"):
        pytest.skip("desktop-file-validate is missing (Debian package desktop-file-utils)")
    entry = tmp_path / "hrflow-watcher.desktop"
    entry.write_text(assets.render_entry("/usr/bin/hrflow-watcher"), "utf-8")
    assert run("desktop-file-validate", str(entry)) == ""


def test_the_shared_unit_starts_the_installed_program(beside):
    unit = assets.render_shared("/usr/bin/hrflow-watcher")
    assert unit.startswith("# Shipped with")
    assert 'ExecStart="/usr/bin/hrflow-watcher" "run" "--quiet"' in unit
    assert "PrivateUsers" not in unit  # where users may not have namespaces it would not start
    assert (beside / "lib/systemd/user/hrflow-watcher.service").exists()


@pytest.mark.parametrize(("words", "offers"), [
    ("hist", "history"), ("service sta", "start\nstatus"), ("history --js", "--json"),
])  # fmt: skip
def test_bash_completes(beside, words, offers):
    bash = shutil.which("bash")
    if not bash:
        pytest.skip("bash is missing")
    script = beside / "share/bash-completion/completions/hrflow-watcher"
    line = (
        f'source "{script}"; COMP_WORDS=(hrflow-watcher {words}); '
        f"COMP_CWORD={len(words.split())}; _hrflow_watcher_completion hrflow-watcher; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    place = os.path.dirname(sys.executable)
    environ = {**os.environ, "PATH": place + os.pathsep + os.environ["PATH"]}
    assert run(bash, "-c", line, env=environ).strip() == offers


# --- The archive that installs itself ---------------------------------------------------------


@pytest.fixture
def archive(beside, tmp_path):
    """The archive, unpacked; instead of the frozen program a script that says what was asked."""
    folder = tmp_path / "archive"
    shutil.copytree(beside / "share", folder / "share")
    shutil.copy(ROOT / "installers/linux/install.sh", folder)
    program = folder / "app" / "hrflow-watcher"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "asked: $*"\n')
    program.chmod(0o755)
    (folder / "app" / "library").write_text("old")
    return folder


def test_the_archive_installs_updates_and_goes(archive, tmp_path):
    prefix = tmp_path / "Zoë's home & $more 5%"
    install = ["sh", str(archive / "install.sh"), "--prefix", str(prefix)]
    said = run(*install)
    assert "asked: --version" in said
    assert run(str(prefix / "bin/hrflow-watcher"), "status") == "asked: status\n"
    entry = (prefix / "share/applications/hrflow-watcher.desktop").read_text("utf-8")
    assert "Zoë's home & \\\\$more 5%%/bin/hrflow-watcher\" " in entry
    if shutil.which("desktop-file-validate"):
        run("desktop-file-validate", str(prefix / "share/applications/hrflow-watcher.desktop"))
    (archive / "app" / "library").unlink()  # the newer version has other files
    (archive / "app" / "newer").write_text("new")
    run(*install)
    inside = sorted(path.name for path in (prefix / "lib/hrflow-watcher").iterdir())
    assert inside == ["hrflow-watcher", "newer"]
    assert sorted(os.listdir(prefix / "lib")) == ["hrflow-watcher"]
    said = run(*install, "--uninstall")
    assert "asked: service uninstall" in said
    assert [path for path in prefix.rglob("*") if not path.is_dir()] == []


def test_the_archive_says_how_it_is_used(archive):
    assert "--prefix /usr/local" in run("sh", str(archive / "install.sh"), "--help")
    done = subprocess.run(["sh", str(archive / "install.sh"), "--what"], capture_output=True,
                          check=False)  # fmt: skip
    assert done.returncode == 2
