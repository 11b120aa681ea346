"""What the build of a release decides; tests/integration/test_installers.py runs parts of it."""

import importlib.metadata
import importlib.util
import os
import pathlib
import plistlib
import re
import subprocess
import sys
import tarfile
import tomllib

import click
import pytest

from installers import build, common, manual
from installers.frozen import parts
from installers.linux import deb, tarball
from installers.macos import package
from installers.windows import setup
from watcher import __version__
from watcher.cli import cli
from watcher.service.macos import LABEL

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture
def release(tmp_path):
    for name in ("out", "work"):
        (tmp_path / name).mkdir()
    return common.Release("1.2.3", 1790000000, str(tmp_path / "out"), str(tmp_path / "work"))


class Recorder:
    """Stands for the function that runs programs of systems that are not here."""

    def __init__(self, said=""):
        self.commands = []
        self.said = said

    def __call__(self, command, **_):
        self.commands.append(list(command))
        return self.said

    def programs(self):
        return [re.split(r"[\\/]", command[0])[-1] for command in self.commands]


# --- One script -------------------------------------------------------------------------------


def test_the_version_stands_in_one_place():
    assert common.read_version() == __version__
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "watcher/__init__.py"


@pytest.mark.parametrize(("environ", "committed", "epoch"), [
    ({"SOURCE_DATE_EPOCH": "42"}, "1790000000\n", 42),
    ({}, "1790000000\n", 1790000000),
    ({"SOURCE_DATE_EPOCH": "yesterday"}, "7", 7),
    ({}, "", 1767225600),  # an unpacked sdist has no history
])  # fmt: skip
def test_the_moment_that_packed_files_carry(environ, committed, epoch):
    assert common.read_epoch(environ, Recorder(committed)) == epoch


@pytest.mark.parametrize(("wanted", "platform", "chosen"), [
    (["deb", "sdist", "deb"], "linux", ["sdist", "deb"]),
    (["all"], "linux", ["sdist", "wheel", "sbom", "frozen", "tarball", "deb"]),
    (["all"], "win32", ["sdist", "wheel", "sbom", "frozen", "windows"]),
    (["all"], "darwin", ["sdist", "wheel", "sbom", "frozen", "macos"]),
])  # fmt: skip
def test_targets(wanted, platform, chosen):
    assert build.choose(wanted, platform) == chosen


def test_a_target_of_another_system_is_refused(capsys):
    other = "deb" if sys.platform == "win32" else "windows"
    assert build.main(["--target", other]) == 1
    assert "is built on" in capsys.readouterr().err


def test_a_program_that_is_missing_or_fails_is_named():
    with pytest.raises(common.BuildError, match="no-such-program is missing here"):
        common.run_program(["no-such-program"])
    with pytest.raises(common.BuildError, match="disk full"):
        common.run_program([sys.executable, "-c", "import sys; sys.exit('disk full')"])


def test_sums_are_what_others_check(tmp_path):
    (tmp_path / "b.deb").write_bytes(b"two")
    (tmp_path / "a.whl").write_bytes(b"one")
    (tmp_path / "folder").mkdir()
    (tmp_path / "SHA256SUMS").write_text("old")
    text = common.sum_up(str(tmp_path))
    assert [line.split("  ")[1] for line in text.splitlines()] == ["a.whl", "b.deb"]
    common.write_text(str(tmp_path / "SHA256SUMS"), text)
    if sys.platform == "linux":
        common.run_program(["sha256sum", "--check", "SHA256SUMS"], cwd=str(tmp_path))


def test_nothing_tells_where_it_was_built(tmp_path):
    info = tmp_path / "lib" / "ours-1.dist-info"
    info.mkdir(parents=True)
    (info / "direct_url.json").write_text('{"url": "file:///home/zoe/ours.whl"}')
    (info / "REQUESTED").write_text("")
    (info / "RECORD").write_text(
        "ours.py,sha256=a,1\nours-1.dist-info/direct_url.json,sha256=b,2\n"
        "ours-1.dist-info/REQUESTED,sha256=c,0\nours-1.dist-info/RECORD,,\n"
    )
    common.forget_origin(str(tmp_path))
    assert sorted(os.listdir(info)) == ["RECORD"]
    assert (info / "RECORD").read_text() == "ours.py,sha256=a,1\nours-1.dist-info/RECORD,,\n"


# --- The man page -----------------------------------------------------------------------------


def shown(page):
    """Roff without what only makes it look well."""
    return page.replace("\\-", "-").replace("\\&", "").replace("\\e", "\\")


def commands(group, context, before=""):
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if not command.hidden:
            inner = click.Context(command, info_name=name, parent=context)
            yield before + name, command, inner
            if isinstance(command, click.Group):
                yield from commands(command, inner, f"{before}{name} ")


def test_every_command_and_option_is_in_the_man_page():
    page = shown(manual.render_manual(cli, "hrflow-watcher", "1.2.3", "2026-11-24"))
    found = list(commands(cli, click.Context(cli)))
    assert len(found) > 15
    for name, command, context in found:
        assert f'\n.SS "{name} ' in page, name
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            if record and record[1]:
                assert f".B {record[0]}\n{record[1]}" in page, (name, record)


def test_exit_codes_are_a_list_in_the_man_page():
    page = manual.render_manual(cli, "hrflow-watcher", "1.2.3", "2026-11-24")
    assert ".SH EXIT STATUS\n.TP\n.B 0\nsuccess\n.TP\n.B 1\n" in page
    assert ".B 130\nstopped by Ctrl\\-C" in page


@pytest.mark.parametrize(("text", "roff"), [
    ("--json", r"\-\-json"),  # hyphens that can be copied
    (".config is hidden", r"\&.config is hidden"),  # no request
    ("a\n'b'", "a\n\\&'b'"),  # nor that
    ("C:\\CVs", r"C:\eCVs"),
])  # fmt: skip
def test_text_stays_text_in_roff(text, roff):
    assert manual.escape(text) == roff


def test_paragraphs_are_joined_and_tables_kept():
    lines = list(manual.paragraphs("One\nline.\n\n\b\n  a  1\n  b  2"))
    assert lines == [".PP", "One line.", ".PP", ".nf", "  a  1\n  b  2", ".fi"]


# --- Debian -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "debian"), [
    ("1.2.3", "1.2.3"), ("1.2.3rc1", "1.2.3~rc1"), ("1.2.3a2", "1.2.3~a2"),
    ("1.3.0.dev4", "1.3.0~dev4"), ("1.2.3.post1", "1.2.3.post1"),
])  # fmt: skip
def test_debian_sorts_versions_as_python_does(version, debian):
    assert deb.debian_version(version) == debian


@pytest.mark.parametrize(("tags", "libc"), [
    (["Tag: py3-none-any"], (2, 5)),
    (["Tag: cp311-cp311-manylinux_2_17_x86_64 Tag: cp311-cp311-manylinux2014_x86_64"], (2, 17)),
    (["Tag: cp311-abi3-manylinux_2_34_x86_64", "Tag: cp311-cp311-manylinux2014_x86_64"], (2, 34)),
    (["Tag: cp38-abi3-manylinux_2_28_x86_64 Tag: cp38-abi3-manylinux2014_x86_64"], (2, 17)),
])  # fmt: skip
def test_the_libc_that_is_needed_comes_from_the_wheels(tags, libc):
    assert deb.needed_libc(tags) == libc


def test_what_is_the_same_is_stored_once(tmp_path):
    for folder in ("python3.11", "python3.12"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.py").write_text("x = 1\n")
        (tmp_path / folder / "other.so").write_bytes(folder.encode())
    deb.share_files(str(tmp_path))
    facts = {path: path.stat().st_ino for path in tmp_path.rglob("*.*") if path.is_file()}
    assert len(facts) == 4
    assert len(set(facts.values())) == 3
    assert (tmp_path / "python3.12" / "same.py").read_text() == "x = 1\n"


@pytest.mark.parametrize("name", ["linux/postinst", "linux/prerm", "linux/install.sh",
                                  "macos/postinstall"])  # fmt: skip
def test_shell_scripts_are_understood_by_every_shell(name):
    if sys.platform == "win32":
        pytest.skip("there is no sh")
    done = subprocess.run(["sh", "-n", ROOT / "installers" / name], check=False)
    assert done.returncode == 0


def test_the_maintainer_is_whoever_builds():
    assert deb._maintainer({"DEBFULLNAME": "Zoë", "DEBEMAIL": "z@example.org"}).startswith("Zoë <")
    with pytest.raises(common.BuildError, match="both"):
        deb._maintainer({"DEBEMAIL": "z@example.org"})


def test_an_archive_tells_nothing_of_who_packed_it():
    info = tarfile.TarInfo("install.sh")
    info.uid, info.uname, info.mtime, info.mode = 1000, "zoe", 12345.6, 0o775
    settled = tarball.settle(info, 1790000000)
    assert (settled.uid, settled.uname, settled.mtime) == (0, "root", 1790000000)
    assert settled.mode == 0o755
    info.mode = 0o600
    assert tarball.settle(info, 1).mode == 0o644


# --- The frozen program -----------------------------------------------------------------------


def test_all_that_is_loaded_by_name_is_found():
    found = set(parts.hidden_imports())
    missing = {
        path.relative_to(ROOT)
        .with_suffix("")
        .as_posix()
        .replace("/", ".")
        .removesuffix(".__init__")
        for path in (ROOT / "watcher").rglob("*.py")
    } - found
    assert not missing
    points = importlib.metadata.entry_points(group="keyring.backends")
    wanted = {point.module for point in points if point.dist.name == "keyring"}
    assert wanted
    assert wanted <= found
    assert {"watchdog.observers.inotify", "watchdog.observers.polling"} <= found
    assert not [name for name in found if name.endswith(".testing")]


def test_looking_for_parts_imports_none():
    code = (
        "import sys; from installers.frozen import parts; parts.hidden_imports();"
        "print([name for name in sys.modules if name.startswith(('keyring', 'watchdog', 'watcher.'))])"
    )
    assert common.run_program([sys.executable, "-c", code]).strip() == "[]"


def test_libraries_of_libraries_are_known():
    found = {name.lower() for name in parts.needed("hrflow-watcher")}
    assert {"hrflow-watcher", "keyring", "requests", "urllib3"} <= found
    assert not found & {"pytest", "ruff", "mypy"}  # extras are not for people


def test_the_text_of_the_modules_is_taken_along():
    inside = {f"{folder}/{os.path.basename(path)}" for path, folder in parts.data_files()}
    assert {"watcher/py.typed", "watcher/cli/setup.py"} <= inside
    assert not [name for name in inside if name.endswith(".pyc")]


def test_a_helper_of_the_frozen_program_is_started_as_python_would():
    start = str(ROOT / "installers" / "frozen" / "start.py")
    module = ["-m", "watcher", "--version"]
    for arguments in (["--version"], module, ["-P", *module]):
        said = common.run_program([sys.executable, start, *arguments])
        assert said.strip() == f"hrflow-watcher {__version__}"


@pytest.mark.parametrize(("environ", "seen"), [
    ({"LD_LIBRARY_PATH": "/ours:/theirs", "LD_LIBRARY_PATH_ORIG": "/theirs"}, "/theirs"),
    ({"LD_LIBRARY_PATH": "/ours"}, None),
    ({"LD_LIBRARY_PATH": "/ours", "LD_LIBRARY_PATH_ORIG": ""}, None),
    ({}, None),
])  # fmt: skip
def test_a_browser_is_not_given_the_libraries_of_the_frozen_program(environ, seen):
    spec = importlib.util.spec_from_file_location("start", ROOT / "installers/frozen/start.py")
    start = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(start)
    start.restore_environment(environ)
    assert environ.get("LD_LIBRARY_PATH") == seen
    assert "LD_LIBRARY_PATH_ORIG" not in environ


def test_the_frozen_program_runs_no_foreign_module():
    start = str(ROOT / "installers" / "frozen" / "start.py")
    done = subprocess.run(
        [sys.executable, start, "-m", "this"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 2
    assert "Zen" not in done.stdout


# --- macOS ------------------------------------------------------------------------------------

IDENTITIES = {
    "HRFLOW_WATCHER_CODESIGN_IDENTITY": "Developer ID Application: Zoë",
    "HRFLOW_WATCHER_INSTALLER_IDENTITY": "Developer ID Installer: Zoë",
    "HRFLOW_WATCHER_NOTARY_PROFILE": "office",
}


@pytest.mark.parametrize(("environ", "programs"), [
    ({}, ["pkgbuild", "productbuild"]),
    (IDENTITIES, ["codesign", "pkgbuild", "productbuild", "xcrun", "xcrun", "spctl"]),
])  # fmt: skip
def test_the_package_for_macos(release, tmp_path, environ, programs):
    app = tmp_path / "HrFlow Watcher.app" / "Contents" / "MacOS"
    app.mkdir(parents=True)
    (app / "hrflow-watcher").write_text("")
    run = Recorder()
    result = package.build_package(release, str(app.parents[1]), environ, run)
    assert run.programs() == programs
    assert result.endswith("hrflow-watcher-1.2.3.pkg")
    work = pathlib.Path(release.work, "macos")
    assert (work / "root/HrFlow Watcher.app/Contents/MacOS/hrflow-watcher").exists()
    assert 'version="1.2.3"' in (work / "distribution.xml").read_text("utf-8")
    signed = next(command for command in run.commands if command[0] == "productbuild")
    assert ("--sign" in signed) == bool(environ)
    if sys.platform != "win32":
        assert os.access(work / "scripts" / "postinstall", os.X_OK)


def test_apple_notarises_only_what_is_signed(release):
    with pytest.raises(common.BuildError, match="identities"):
        package.commands("w", "a.app", "r.pkg", "1", {"HRFLOW_WATCHER_NOTARY_PROFILE": "office"})


def test_the_scripts_of_macos_know_the_agent():
    assert LABEL in (ROOT / "installers/macos/postinstall").read_text("utf-8")
    rights = plistlib.loads((ROOT / "installers/macos/entitlements.plist").read_bytes())
    assert all(rights.values())
    assert package.IDENTIFIER == LABEL


# --- Windows ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "numbers"), [
    ("1.2.3", "1.2.3.0"), ("1.2.3rc1", "1.2.3.0"), ("2.0", "2.0.0.0"), ("1.2.3.dev4", "1.2.3.0"),
])  # fmt: skip
def test_versions_of_windows_have_four_numbers(version, numbers):
    assert setup.four_numbers(version) == numbers


@pytest.mark.parametrize("fingerprint", ["", "ab12"])
def test_the_installer_for_windows(release, tmp_path, fingerprint):
    environ = {"ISCC": r"C:\Inno\ISCC.exe", "HRFLOW_WATCHER_SIGN_SHA1": fingerprint}
    run = Recorder("Commands:\n  open        Show it.\n")
    result = setup.build_setup(release, str(tmp_path), environ, run)
    compile_ = next(command for command in run.commands if command[0].endswith("ISCC.exe"))
    signs = [command for command in run.commands if command[:2] == ["signtool", "sign"]]
    assert [os.path.basename(command[-1]) for command in signs] == (
        ["hrflow-watcher.exe", "hrflow-watcherw.exe"] if fingerprint else []
    )
    assert ("/DSigned" in compile_) == bool(fingerprint)
    assert {"/DVersion=1.2.3", f"/DSource={tmp_path}"} <= set(compile_)
    assert result.endswith("hrflow-watcher-1.2.3-setup.exe")


def test_all_that_the_script_for_windows_asks_for_is_given(release):
    text = (ROOT / "installers/windows/setup.iss").read_text("utf-8")
    asked = set(re.findall(r"\{#(\w+)\}", text)) - set(re.findall(r"#define (\w+)", text))
    command = setup.compile_command("ISCC", release, "frozen", ["signtool", "sign"])
    given = {word[2:].partition("=")[0] for word in command if word.startswith("/D")}
    assert asked <= given
    assert given - asked <= {"Signed"}
    for word in (
        "PrivilegesRequired=lowest",
        "service install",
        "service uninstall",
        "service stop",
    ):
        assert word in text


def test_without_inno_setup_it_says_so(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(common.BuildError, match="Inno Setup 6 is missing"):
        setup.find_compiler({})


# --- The workflow -----------------------------------------------------------------------------


def test_the_workflow_asks_for_what_there_is():
    text = (ROOT / ".github/workflows/checks.yml").read_text("utf-8")
    assert "python installers/bootstrap.py test" in text
    targets = set(re.findall(r"--target (\w+)", text))
    assert targets
    assert targets <= {*build.TARGETS, "all"}
