"""`installers/bootstrap.py` as people run it: real virtual environments, real pip, no network.

The checkout is a small one: a project that pip can build without fetching anything, whose
`ruff`, `mypy` and `pytest` only note that they were called.
"""

import glob
import os
import shutil
import stat
import subprocess
import sys
import time

import pytest

SCRIPT = os.path.join("installers", "bootstrap.py")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "hrflow-watcher"
version = "0"
"""

BACKEND = r'''
import os, zipfile
def build_editable(folder, settings=None, metadata=None):
    if os.environ.get("DISK_FULL"):
        raise OSError(28, "No space left on device")
    info, name = "hrflow_watcher-0.dist-info/", "hrflow_watcher-0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("started.py", STARTED)
        wheel.writestr(info + "METADATA", METADATA)
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(info + "entry_points.txt", "[console_scripts]\nhrflow-watcher = started:main\n")
        wheel.writestr(info + "RECORD", "")
    return name
STARTED = "import os, sys\ndef main():\n print(os.getpid(), *sys.argv[1:]); return 7\n"
METADATA = """Metadata-Version: 2.1
Name: hrflow-watcher
Version: 0
Provides-Extra: dev
"""
'''

TOOL = """
import os, sys
print("CALLED", *[os.path.basename(sys.argv[0]), *sys.argv[1:]])
sys.exit(sys.argv[1:2] == [os.environ.get("FAILING")])
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A checkout whose path has a space and letters beyond ASCII."""
    folder = tmp_path_factory.mktemp("María's checkout")
    os.mkdir(folder / "installers")
    shutil.copy(os.path.join(ROOT, SCRIPT), folder / "installers")
    files = {"pyproject.toml": PYPROJECT, "backend.py": BACKEND}
    files |= {f"{tool}.py": TOOL for tool in ("ruff", "mypy", "pytest")}
    files["installers/catalogues.py"] = TOOL
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def stubs(tmp_path_factory):
    """Programs of the system that must not be called for real."""
    folder = tmp_path_factory.mktemp("stubs")
    write_program(folder / "dpkg-query", "printf installed")
    write_program(folder / "apt-get", "exit 1")
    return folder


@pytest.fixture
def run(checkout, stubs):
    """``run(*arguments, python=…, **environment)`` in the small checkout."""

    def call(*arguments, python=sys.executable, path=None, **environment):
        settings = {
            **{name: v for name, v in os.environ.items() if not name.startswith(("PIP_", "COV"))},
            "HRFLOW_WATCHER_VENV": "",
            "PATH": path or f"{stubs}{os.pathsep}{os.environ['PATH']}",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": "http://127.0.0.1:9/simple",  # port 9 discards: nobody answers
            "PIP_RETRIES": "1",
            **environment,
        }
        command = [python, SCRIPT, *arguments]
        return subprocess.run(
            command, cwd=checkout, env=settings, capture_output=True, encoding="utf-8", check=False
        )

    return call


def write_program(path, code):
    path.write_text(f"#!/bin/sh\n{code}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def assert_one_sentence(ran, *parts):
    """It failed, said every part of what is expected, and showed no traceback."""
    assert ran.returncode == 1, ran
    assert all(part in ran.stderr for part in parts), ran.stderr
    assert "Traceback" not in ran.stderr


def test_trying_sets_up_once_and_becomes_the_program(run, checkout):
    first = run("try", "CVs of Łukasz", "--port", "0")
    assert first.returncode == 7, first
    assert first.stdout.split(maxsplit=1)[1] == "try CVs of Łukasz --port 0\n"
    assert first.stderr == "Setting up (first time only, about a minute)…\n"

    log = (checkout / ".venv" / "bootstrap.log").read_text(encoding="utf-8")
    again = run("try")
    assert (again.returncode, again.stderr) == (7, "")
    assert (checkout / ".venv" / "bootstrap.log").read_text(encoding="utf-8") == log


@pytest.mark.skipif(os.name == "nt", reason="Windows has no exec that keeps the process")
def test_the_program_takes_the_place_of_the_script(run, checkout, stubs):
    run("try")
    with subprocess.Popen(
        [sys.executable, SCRIPT, "try"], cwd=checkout, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "HRFLOW_WATCHER_VENV": ""},
    ) as process:  # fmt: skip
        said = process.stdout.read()
    assert said == f"{process.pid} try\n"  # so that Ctrl-C and signals are its own


def test_all_checks_run_and_all_count(run):
    run("test")
    good = run("test", "tests/unit", "-x")
    assert (good.returncode, good.stderr) == (0, "")
    called = [line for line in good.stdout.splitlines() if line.startswith("CALLED")]
    assert called == [
        "CALLED ruff.py check .",
        "CALLED ruff.py format --check .",
        "CALLED mypy.py",
        "CALLED catalogues.py check",
        "CALLED pytest.py -n 6 --dist worksteal --cov --cov-report=term:skip-covered tests/unit -x",
    ]
    summary = [line[:12].rstrip() for line in good.stdout.splitlines()[-5:]]
    assert summary == ["✓ lint", "✓ format", "✓ types", "✓ catalogues", "✓ tests"]

    bad = run("test", FAILING="format")
    assert bad.returncode == 1
    assert bad.stdout.count("CALLED") == 5  # what comes after a failure runs as well
    summary = [line[:12].rstrip() for line in bad.stdout.splitlines()[-5:]]
    assert summary == ["✓ lint", "✗ format", "✓ types", "✓ catalogues", "✓ tests"]


def test_any_other_command_is_the_programs(run):
    assert run("status", "--json").stdout.split(maxsplit=1)[1] == "status --json\n"


def test_an_environment_for_tests_serves_for_trying(run):
    run("test")
    assert run("try").stderr == ""


def test_a_changed_project_is_installed_again(run, checkout):
    run("try")
    with open(checkout / "pyproject.toml", "a", encoding="utf-8") as file:
        file.write(f"# changed at {time.time_ns()}\n")
    assert run("try").stderr == "Bringing the environment up to date…\n"
    assert run("try").stderr == ""


BROKEN = [
    ("its Python is gone", lambda venv: os.remove(venv / "bin" / "python")),
    ("it has no pip", lambda venv: [shutil.rmtree(p) for p in venv.glob("lib/*/*/pip")]),
    ("making it was interrupted", lambda venv: [os.remove(venv / "pyvenv.cfg"), shutil.rmtree(venv / "bin")]),
]  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="folders of an environment are called otherwise")
@pytest.mark.parametrize(("what", "damage"), BROKEN, ids=[what for what, _ in BROKEN])
def test_a_broken_environment_is_made_anew(run, checkout, what, damage):
    run("try")
    damage(checkout / ".venv")
    ran = run("try")
    assert ran.returncode == 7, ran
    assert "cannot be used with this Python: making it anew." in ran.stderr
    assert run("try").stderr == ""


def test_a_folder_that_is_no_environment_is_left_alone(run, tmp_path):
    (tmp_path / "letters.txt").write_text("mine", encoding="utf-8")
    ran = run("try", HRFLOW_WATCHER_VENV=str(tmp_path))
    assert_one_sentence(ran, "is not a virtual environment", "HRFLOW_WATCHER_VENV")
    assert os.listdir(tmp_path) == ["letters.txt"]


def test_a_place_that_cannot_be_written_says_so(run, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    ran = run("try", HRFLOW_WATCHER_VENV=str(tmp_path / "file" / "venv"))
    assert_one_sentence(ran, "Not a directory", "set HRFLOW_WATCHER_VENV to a folder that is.")


def test_failures_of_pip_say_what_to_do_and_do_not_stick(run, checkout):
    run("try")
    project = checkout / "pyproject.toml"
    good = project.read_text(encoding="utf-8")
    project.write_text(good.replace("requires = []", 'requires = ["hatchling"]'), encoding="utf-8")
    assert_one_sentence(run("try"), "index cannot be reached", "run this again", "bootstrap.log")

    project.write_text(good + "# other\n", encoding="utf-8")
    assert_one_sentence(run("try", DISK_FULL="1"), "the disk is full", "run this again")
    assert run("try").returncode == 7


NO_ENSUREPIP = """
import importlib.machinery, runpy, sys
find = importlib.machinery.PathFinder.find_spec
hide = lambda name, *rest: None if name == "ensurepip" else find(name, *rest)
importlib.machinery.PathFinder.find_spec = staticmethod(hide)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_debians_python_without_venv_says_which_package(run, tmp_path):
    """Debian ships Python without `ensurepip`, in which `venv` fails only halfway."""
    script = tmp_path / "no_ensurepip.py"
    script.write_text(NO_ENSUREPIP, encoding="utf-8")
    ran = run(
        "try", python=write_python(tmp_path, script), HRFLOW_WATCHER_VENV=str(tmp_path / "venv")
    )
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    assert_one_sentence(ran, "lacks its `venv` module", f"apt install {package}")
    assert not os.path.exists(tmp_path / "venv")


def write_python(folder, script):
    """A Python that runs ``script`` before what it was asked for."""
    write_program(folder / "python", f'exec "{sys.executable}" "{script}" "$@"')
    return str(folder / "python")


# --- Old Pythons ------------------------------------------------------------------------------

OLD = sorted(
    path
    for pattern in ("/usr/bin/python3.[0-9]", "~/.pyenv/versions/3.[6-9].*/bin/python")
    for path in glob.glob(os.path.expanduser(pattern))
)


@pytest.mark.skipif(not OLD, reason="no Python older than 3.10 is installed here")
@pytest.mark.parametrize("python", OLD)
def test_an_old_python_says_what_is_needed(run, tmp_path, python):
    write_program(tmp_path / "python3.12", "exit 127")  # the empty shim of a version manager
    ran = run("try", python=python, path=str(tmp_path), LANG="C")
    assert_one_sentence(
        ran, "Python 3.11 or newer is needed, this is 3.", "installers/bootstrap.py"
    )


@pytest.mark.skipif(not OLD, reason="no Python older than 3.10 is installed here")
@pytest.mark.parametrize("python", OLD)
def test_an_old_python_goes_on_with_a_newer_one(run, tmp_path, python):
    newer = 'case "$1" in -c) exit 0;; *) shift; echo "went on with $*";; esac'
    write_program(tmp_path / "python3.12", newer)
    ran = run("try", "CVs", python=python, path=str(tmp_path))
    assert (ran.returncode, ran.stdout) == (0, "went on with try CVs\n")
    assert f"which is too old: going on with {tmp_path / 'python3.12'}." in ran.stderr
