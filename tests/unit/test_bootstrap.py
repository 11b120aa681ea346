"""What `installers/bootstrap.py` decides; tests/integration/test_bootstrap.py runs it for real."""

import errno
import importlib.util
import io
import os
import stat

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@pytest.fixture
def bootstrap():
    path = os.path.join(ROOT, "installers", "bootstrap.py")
    spec = importlib.util.spec_from_file_location("bootstrap", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """``programs(name=shell code)`` puts programs on an otherwise empty PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    os.symlink("/usr/bin/env", folder / "env")
    os.symlink("/bin/sh", folder / "sh")

    def put(**codes):
        for name, code in codes.items():
            path = folder / name.replace("_", "-")
            path.write_text(f"#!/bin/sh\n{code}\n", encoding="utf-8")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return tmp_path

    return put


# --- Python -----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(3, 11), (3, 11, 0), (3, 14, 2), (4, 0, 0)])
def test_a_new_enough_python_goes_on(bootstrap, version):
    assert bootstrap._ensure_python(version) is None


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13)])
def test_an_old_python_says_what_is_needed(bootstrap, programs, monkeypatch, version):
    monkeypatch.setattr("sys.argv", ["bootstrap.py", "test"])
    programs(python3_12="exit 127")  # the empty shim of a version manager
    with pytest.raises(bootstrap.SetupError) as caught:
        bootstrap._ensure_python(version)
    said = str(caught.value)
    assert said.startswith(f"Python 3.11 or newer is needed, this is {version[0]}.{version[1]}.")
    assert "apt install python3.11 python3.11-venv" in said
    assert said.endswith("python3.11 installers/bootstrap.py test")


# --- Failures ---------------------------------------------------------------------------------

SAYS = [
    # What pip or venv printed, and what a person has to read.
    ("WARNING: … NewConnectionError('…')\nERROR: No matching distribution found for hatchling",
     "cannot be reached. Check the network"),  # the last line alone would mislead
    ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
     "the disk is full. Free"),
    ("ERROR: … SSLError(… CERTIFICATE_VERIFY_FAILED …)", "set PIP_CERT"),
    ("ERROR: first\nERROR: Package requires a different Python\n[notice] a new pip is there",
     "Package requires a different Python"),  # the last error, not the last line
    ("something odd\n\n", "something odd"),
    ("", "it gave no reason"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "expected"), SAYS)
def test_what_pip_says_becomes_what_to_do(bootstrap, said, expected):
    meaning = bootstrap._meaning(said)
    assert expected in meaning
    assert "run this again" in meaning


def test_errors_of_the_file_system_say_what_to_do(bootstrap):
    full = OSError(errno.ENOSPC, "No space left on device", "/x/.venv/lib")
    assert "the disk is full" in bootstrap._explain(full, "/x/.venv")
    denied = PermissionError(errno.EACCES, "Permission denied", "/x/.venv")
    assert bootstrap._explain(denied, "/x/.venv") == (
        "Setup failed: Permission denied (/x/.venv). Make /x writable, or set "
        "HRFLOW_WATCHER_VENV to a folder that is."
    )


@pytest.mark.parametrize(
    ("arguments", "code"), [([], 2), (["--x"], 2), (["-h"], 0), (["--help"], 0)]
)
def test_without_a_command_it_shows_them(bootstrap, capsys, arguments, code):
    assert bootstrap.main(arguments) == code
    assert "bootstrap.py try [FOLDER ...]" in capsys.readouterr().out


# --- Environment ------------------------------------------------------------------------------


def test_hints_name_the_command_as_it_was_typed(bootstrap, monkeypatch):
    monkeypatch.delenv("HRFLOW_WATCHER_COMMAND")
    monkeypatch.setattr("sys.orig_argv", ["python3", "my installers/bootstrap.py", "setup"])
    monkeypatch.setattr("sys.argv", ["my installers/bootstrap.py", "setup"])
    bootstrap._name_command()
    assert os.environ["HRFLOW_WATCHER_COMMAND"] == 'python3 "my installers/bootstrap.py"'


def test_the_environment_is_in_the_checkout_unless_told_otherwise(bootstrap, monkeypatch):
    monkeypatch.delenv("HRFLOW_WATCHER_VENV", raising=False)
    assert bootstrap._place() == os.path.join(ROOT, ".venv")
    monkeypatch.setenv("HOME", "/home/mia")
    monkeypatch.setenv("HRFLOW_WATCHER_VENV", "~/elsewhere")
    assert bootstrap._place() == "/home/mia/elsewhere"


def test_the_stamp_changes_with_what_it_depends_on(bootstrap, tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "ROOT", str(tmp_path))
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    first = bootstrap._stamp("/a", "dev")
    assert bootstrap._stamp("/a", "dev") == first
    assert len({first, bootstrap._stamp("/b", "dev"), bootstrap._stamp("/a", "sandbox")}) == 3
    (tmp_path / "pyproject.toml").write_text("[project]\nname='x'\n", encoding="utf-8")
    second = bootstrap._stamp("/a", "dev")
    assert second != first
    folder = tmp_path / "watcher" / "i18n" / "locale" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    assert bootstrap._are_compiled()
    (folder / "hrflow-watcher.po").write_text("", encoding="utf-8")  # is compiled when installed
    assert bootstrap._stamp("/a", "dev") != second
    assert not bootstrap._are_compiled()


def test_what_tests_need_serves_for_trying_but_not_the_other_way_round(bootstrap):
    assert all("dev" in served for served in bootstrap.SERVES.values())
    assert bootstrap.SERVES["dev"] == ("dev",)
    assert "sandbox" not in bootstrap.SERVES["ledger,sandbox"]


# --- Debian packages --------------------------------------------------------------------------


def test_only_packages_that_are_not_installed_are_missing(bootstrap, programs):
    programs(apt_get="", dpkg_query='[ "$3" = curl ] && printf installed || exit 1')
    names = [name for name, _ in bootstrap.DEBIAN_PACKAGES]
    assert [name for name, _ in bootstrap._missing_packages()] == [n for n in names if n != "curl"]


def test_a_package_that_was_removed_is_missing(bootstrap, programs):
    programs(apt_get="", dpkg_query="printf config-files")
    assert len(bootstrap._missing_packages()) == len(bootstrap.DEBIAN_PACKAGES)


def test_another_system_is_told_what_is_skipped(bootstrap, programs, capsys):
    programs()
    assert bootstrap._missing_packages() == []
    assert (
        "Not a Debian system. Skipped where their programs are missing" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("user", "sudo", "rights"),
    [
        (0, None, []),  # root needs no sudo, and images without it are common
        (1000, None, None),
        (1000, "exit 1", None),  # would ask for a password
        (1000, "exit 0", ["sudo", "-n"]),
    ],
)
def test_packages_are_installed_only_where_that_is_allowed(bootstrap, programs, user, sudo, rights):
    programs(**({"sudo": sudo} if sudo else {}))
    assert bootstrap._rights(user) == rights


APT = """
echo "$DEBIAN_FRONTEND $*" >>{0}/calls
case "$*" in *update*) : >{0}/lists;; *) {1};; esac
"""


@pytest.mark.parametrize(
    ("install", "steps"),
    [
        ("exit 0", ["install"]),  # the lists are new enough: no update
        ("[ -e {0}/lists ]", ["install", "update", "install"]),  # they were not
        ("echo E: broken; exit 100", ["install", "update", "install"]),
    ],
)
def test_package_lists_are_fetched_only_where_needed(bootstrap, programs, capsys, install, steps):
    folder, works = programs(), "broken" not in install
    programs(apt_get=APT.format(folder, install.format(folder)))
    assert bootstrap._apt_install([], ["curl"]) is works
    said = (folder / "calls").read_text(encoding="utf-8").splitlines()
    assert [next(step for step in ("install", "update") if step in line) for line in said] == steps
    assert all(line.startswith("noninteractive ") for line in said)
    assert "--no-install-recommends curl" in said[0]
    assert ("E: broken" in capsys.readouterr().err) is not works


def test_what_could_not_be_installed_is_named_with_its_use(
    bootstrap, programs, capsys, monkeypatch
):
    programs()
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    bootstrap._ensure_debian_packages([("gnome-keyring", "the tests with a real Secret Service")])
    assert capsys.readouterr().err == (
        "Missing Debian package: gnome-keyring. Skipped without it: the tests with a real Secret "
        "Service.\n"
    )


# --- Summary ----------------------------------------------------------------------------------


class Screen(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_marks_fit_the_output(bootstrap, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert bootstrap._marks(io.TextIOWrapper(io.BytesIO(), "ascii")) == ("ok    ", "FAILED")
    assert bootstrap._marks(io.TextIOWrapper(io.BytesIO(), "utf-8")) == ("✓", "✗")
    assert bootstrap._marks(Screen()) == ("\033[32m✓\033[0m", "\033[31m✗\033[0m")
    monkeypatch.setenv("NO_COLOR", "1")
    assert bootstrap._marks(Screen()) == ("✓", "✗")


def test_the_summary_has_a_line_for_every_check(bootstrap):
    results = [("lint", 0, 0.25), ("tests", 1, 123.4)]
    assert bootstrap._summary(results, "✓", "✗") == "✓ lint          0.2 s\n✗ tests       123.4 s"
