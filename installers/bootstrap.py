#!/usr/bin/env python3
"""Sets everything up and starts: `bootstrap.py try [FOLDER ...]`, `bootstrap.py test [ARGS ...]`.

`try` rehearses the program on this machine, against a local stand-in for HrFlow; any other command
of hrflow-watcher may stand in its place (`setup`, `run`, `status` …). `test` runs lint, format
check, type check, the check of the catalogues and tests; ARGS go to pytest. All make a virtual
environment first, in `.venv` of the checkout or where HRFLOW_WATCHER_VENV says. Running one again
is quick.

This file has to be understood by Python 3.6, or people with an old Python would see a syntax
error instead of what to do: annotations are quoted, and nothing newer is used before
`_ensure_python` has passed.
"""

import errno
import glob
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time

NEEDED = (3, 11)
#: Tried in this order where the Python at hand is too old.
NEWER = ("python3.13", "python3.12", "python3.11", "python3.14", "py", "python3", "python")

#: Debian packages that tests use, and what is skipped without them.
DEBIAN_PACKAGES = (
    ("chromium", "the tests of the activity page"),
    ("curl", "the benchmark against curl"),
    ("dbus", "the tests of icon and messages"),
    ("dbus-x11", "the tests with a real Secret Service"),
    ("desktop-file-utils", "the check of the autostart entry"),
    ("fonts-dejavu-core", "the tests of the icon in a panel"),
    ("gnome-keyring", "the tests with a real Secret Service"),
    ("inotify-tools", "the benchmark against inotifywait"),
    ("man-db", "the check of the man page"),
    ("libglib2.0-bin", "the login by the autostart entry"),
    ("pgbouncer", "the test of the shared ledger behind a pooler"),
    ("postgresql", "the tests of the shared ledger"),
    ("scrot", "the tests of the icon in a panel"),
    ("syncthing", "the benchmark of idling against Syncthing"),
    ("systemd", "the tests with a real systemd user manager"),
    ("trayer", "the tests of the icon in a panel"),
    ("xdotool", "the tests of the icon in a panel"),
    ("xfce4-panel", "the tests of the icon in a panel"),
    ("xvfb", "the tests of the icon in a panel"),
)

#: Extras of the project with which an environment may have been made.
SERVES = {
    "sandbox": ("sandbox", "ledger,sandbox", "dev"),
    "ledger,sandbox": ("ledger,sandbox", "dev"),
    "dev": ("dev",),
}

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOG = "bootstrap.log"
STAMP = "bootstrap.stamp"

DISK_FULL = "the disk is full. Free about 300 MB and run this again."
UNTRUSTED = (
    "the certificate of the package index is not trusted here. Behind a company proxy, set "
    "PIP_CERT to the file with its certificate and run this again."
)
OFFLINE = (
    "the package index cannot be reached. Check the network (behind a proxy, set HTTPS_PROXY) "
    "and run this again."
)
#: What pip and venv say → what that means to a person; the first that is found counts.
MEANINGS = (
    ("No space left on device|not enough space on the disk", DISK_FULL),
    ("CERTIFICATE_VERIFY_FAILED", UNTRUSTED),
    (
        "NewConnection|NameResolution|ConnectTimeout|ReadTimeout|ProxyError|Connection refused",
        OFFLINE,
    ),
    ("Network is unreachable|Temporary failure in name resolution|Max retries", OFFLINE),
)


class SetupError(Exception):
    """Setup cannot go on; the text is one sentence or two that say what to do."""


def main(arguments: "list[str]") -> int:
    """Runs one command and returns its exit code; 2 if there is no such command."""
    if not arguments or arguments[0].startswith("-"):
        print(__doc__.split("\n\n")[0] + "\n\n" + __doc__.split("\n\n")[1])
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    venv = _place()
    try:
        _ensure_python(sys.version_info)
        if arguments[0] != "test":
            # What the shared ledger needs is brought by the first command about it, and stays.
            is_ledger = arguments[0] == "ledger"
            _ensure_environment(venv, "ledger,sandbox" if is_ledger else "sandbox")
            _name_command()
            return _become([_program(venv, "hrflow-watcher"), *arguments])
        _ensure_debian_packages(_missing_packages())
        _ensure_environment(venv, "dev")
        return _run_checks(_program(venv, "python"), arguments[1:])
    except SetupError as error:
        _say("\n" + str(error))
        return 1
    except OSError as error:
        _say("\n" + _explain(error, venv))
        return 1
    except KeyboardInterrupt:
        _say("\nInterrupted. Run the same command again to go on.")
        return 130


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _place() -> str:
    """The folder of the virtual environment."""
    chosen = os.environ.get("HRFLOW_WATCHER_VENV", "")
    return os.path.abspath(os.path.expanduser(chosen or os.path.join(ROOT, ".venv")))


def _program(venv: str, name: str) -> str:
    if os.name == "nt":
        return os.path.join(venv, "Scripts", name + ".exe")
    return os.path.join(venv, "bin", name)


def _name_command() -> None:
    """Makes hints name the command as it was typed (see `watcher/i18n/command.py`)."""
    typed = [getattr(sys, "orig_argv", ["python3"])[0], sys.argv[0]]
    called = " ".join(f'"{word}"' if " " in word else word for word in typed)
    os.environ.setdefault("HRFLOW_WATCHER_COMMAND", called)


def _explain(error: OSError, venv: str) -> str:
    """An error of the file system while the environment was made, as a sentence."""
    if error.errno == errno.ENOSPC:
        return f"Setup failed: {DISK_FULL}"
    return (
        f"Setup failed: {error.strerror} ({error.filename or venv}). Make {os.path.dirname(venv)} "
        "writable, or set HRFLOW_WATCHER_VENV to a folder that is."
    )


# --- Python ---------------------------------------------------------------------------------


def _ensure_python(version: "tuple[int, ...]") -> None:
    """Goes on with a Python that is new enough: this one, else another that is installed."""
    if tuple(version[:2]) >= NEEDED:
        return
    this = ".".join(str(part) for part in version[:3])
    for name in NEWER:
        found = shutil.which(name)
        if found and _is_new_enough(found):
            _say(f"This is Python {this}, which is too old: going on with {found}.")
            sys.exit(_become([found, os.path.abspath(__file__), *sys.argv[1:]]))
    needed = "{}.{}".format(*NEEDED)
    raise SetupError(
        f"Python {needed} or newer is needed, this is {this}: install one (Debian, Ubuntu: apt "
        f"install python{needed} python{needed}-venv; elsewhere: https://www.python.org/downloads/)"
        f" and run this again with it: python{needed} installers/bootstrap.py {sys.argv[1]}"
    )


def _is_new_enough(python: str) -> bool:
    """Whether this really is a Python that can be used: version managers put empty shims."""
    code = f"import sys, ensurepip, venv; sys.exit(sys.version_info < {NEEDED!r})"
    try:
        return subprocess.call([python, "-c", code], stderr=subprocess.DEVNULL, timeout=30) == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _become(command: "list[str]") -> int:
    """Turns into ``command``, so that Ctrl-C and the exit code are its own."""
    sys.stdout.flush()
    if os.name != "nt":
        os.execv(command[0], command)  # noqa: S606 - a shell would get in the way of Ctrl-C
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:  # the child got it as well, and has said so
        return 130


# --- Virtual environment ----------------------------------------------------------------------


def _ensure_environment(venv: str, extra: str) -> None:
    """Makes the environment serve for ``extra``, doing no more than is missing."""
    usable = _is_usable(venv)
    stamps = [_stamp(venv, each) for each in SERVES[extra]]
    if usable and _are_compiled() and _read(os.path.join(venv, STAMP)) in stamps:
        return
    if not usable:
        _make_environment(venv)
    else:
        _say("Bringing the environment up to date…")
        _forget_stamp(venv)
    command = [_program(venv, "python"), "-I", "-m", "pip", "install", "--no-input"]
    command += ["--disable-pip-version-check", "--editable", f".[{extra}]"]
    _log_run(command, os.path.join(venv, LOG))
    with open(os.path.join(venv, STAMP), "w", encoding="utf-8") as file:
        file.write(_stamp(venv, extra))


def _is_usable(venv: str) -> bool:
    """Whether ``venv`` is a virtual environment of this very Python, starts, and has pip."""
    version = tuple(sys.version_info[:2])
    check = f"not u.find_spec('pip') or sys.version_info[:2] != {version!r}"
    code = f"import sys, importlib.util as u; sys.exit({check})"
    command = [_program(venv, "python"), "-I", "-c", code]
    try:
        starts = subprocess.call(command, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False
    return starts and os.path.exists(os.path.join(venv, "pyvenv.cfg"))


def _stamp(venv: str, extra: str) -> str:
    """What the installed environment depends on, as a fingerprint.

    The places belong to it because an environment that was moved points to where it was.
    """
    parts = [os.fsencode(part) for part in (sys.version, venv, ROOT, extra)]
    for path in [os.path.join(ROOT, "pyproject.toml"), *_catalogues()]:
        with open(path, "rb") as file:
            parts.append(file.read())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _catalogues() -> "list[str]":
    """The texts in other languages; installing compiles them."""
    locale = os.path.join(ROOT, "watcher", "i18n", "locale")
    return sorted(glob.glob(os.path.join(glob.escape(locale), "*", "LC_MESSAGES", "*.po")))


def _are_compiled() -> bool:
    return all(os.path.exists(path[: -len("po")] + "mo") for path in _catalogues())


def _forget_stamp(venv: str) -> None:
    """From here until pip is through, the environment counts as unfinished."""
    if os.path.exists(os.path.join(venv, STAMP)):
        os.remove(os.path.join(venv, STAMP))


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
        return ""


def _make_environment(venv: str) -> None:
    """A new virtual environment, in the place of a broken one if there is one."""
    importlib.invalidate_caches()  # apt may have brought it a moment ago
    if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
        package = "python{}.{}-venv".format(*sys.version_info[:2])
        raise SetupError(
            "Setup failed: this Python lacks its `venv` module. Install it (Debian, Ubuntu: apt "
            f"install {package}) and run this again."
        )
    if os.path.isdir(venv) and os.listdir(venv):
        _remove_broken(venv)
    _say("Setting up (first time only, about a minute)…")
    os.makedirs(venv, exist_ok=True)
    _log_run([sys.executable, "-I", "-m", "venv", venv], os.path.join(venv, LOG))


def _remove_broken(venv: str) -> None:
    """Removes what an earlier setup left, and never anything else."""
    if not any(os.path.exists(os.path.join(venv, name)) for name in ("pyvenv.cfg", LOG)):
        raise SetupError(
            f"Setup failed: {venv} exists and is not a virtual environment. Rename it, or set "
            "HRFLOW_WATCHER_VENV to another folder."
        )
    if os.path.realpath(sys.prefix) == os.path.realpath(venv):
        raise SetupError(
            f"Setup failed: {venv} has to be made anew, and this Python lives in it. Run this "
            "with another one, after `deactivate` for example."
        )
    _say(f"{venv} cannot be used with this Python: making it anew.")
    shutil.rmtree(venv)


def _log_run(command: "list[str]", log: str) -> None:
    """Runs a step of the setup quietly; what it says is appended to ``log``."""
    with open(log, "ab+") as file:
        start = file.seek(0, os.SEEK_END)
        code = subprocess.call(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
        file.seek(start)
        said = file.read().decode("utf-8", "replace")
    if code != 0:
        raise SetupError(f"Setup failed: {_meaning(said)}\nAll that was said is in {log}")


def _meaning(said: str) -> str:
    """What went wrong and what to do, from the output of pip or venv."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("ERROR:", "Error:"))]
    last = (errors or lines or ["it gave no reason"])[-1]
    for signs, meaning in MEANINGS:
        if re.search(signs, said):
            return f"{meaning} ({last})"
    return f"{last} - mend that and run this again."


# --- Debian packages --------------------------------------------------------------------------


def _missing_packages() -> "list[tuple[str, str]]":
    """Packages that tests would use and that are not installed, each with what for."""
    if not shutil.which("dpkg-query") or not shutil.which("apt-get"):
        uses = ", ".join(sorted({use for _, use in DEBIAN_PACKAGES}))
        _say(f"Not a Debian system. Skipped where their programs are missing: {uses}.")
        return []
    wanted = list(DEBIAN_PACKAGES)
    if importlib.util.find_spec("ensurepip") is None:
        wanted.append(("python{}.{}-venv".format(*sys.version_info[:2]), "everything"))
    return [(name, use) for name, use in wanted if not _is_installed(name)]


def _is_installed(package: str) -> bool:
    command = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    found = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return found.stdout == b"installed"


def _ensure_debian_packages(missing: "list[tuple[str, str]]") -> None:
    """Installs ``missing`` where that is allowed; says what is skipped where it is not."""
    if not missing:
        return
    names = [name for name, _ in missing]
    rights = _rights(os.geteuid())
    if rights is not None:
        _say("Installing Debian packages for the tests: {}…".format(", ".join(names)))
        if _apt_install(rights, names):
            return
    for name, use in missing:
        _say(f"Missing Debian package: {name}. Skipped without it: {use}.")


def _rights(user: int) -> "list[str] | None":
    """What to put before a command to run it as root; None where this may not be done."""
    if user == 0:
        return []
    if not shutil.which("sudo"):
        return None
    asked = subprocess.call(["sudo", "-n", "true"], stderr=subprocess.DEVNULL)
    return ["sudo", "-n"] if asked == 0 else None


def _apt_install(rights: "list[str]", names: "list[str]") -> bool:
    """Whether apt installed them; its package lists are fetched only where they are too old."""
    apt = [*rights, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    apt += ["-o", "DPkg::Lock::Timeout=120"]
    install = [*apt, "install", "--yes", "--no-install-recommends", *names]
    steps = (install, [*apt, "update"], install)
    for step in steps:
        done = subprocess.run(step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if step is install and done.returncode == 0:
            return True
    _say(done.stdout.decode("utf-8", "replace").strip())
    return False


# --- Checks -----------------------------------------------------------------------------------


def _run_checks(python: str, arguments: "list[str]") -> int:
    """Runs every check, whatever the ones before it said, and sums up."""
    cover = ["--cov", "--cov-report=term:skip-covered"]
    checks = (
        ("lint", ["ruff", "check", "."]),
        ("format", ["ruff", "format", "--check", "."]),
        ("types", ["mypy"]),
        ("catalogues", ["installers.catalogues", "check"]),
        # Most tests wait for something: six at a time keep two cores busy.
        ("tests", ["pytest", "-n", "6", "--dist", "worksteal", *cover, *arguments]),
    )
    # Compiles the tests while the first checks run, or each of the six would, at the same time.
    collection = [python, "-m", "pytest", "--collect-only", *arguments]
    collecting = subprocess.Popen(
        collection, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    results = []
    for name, command in checks:
        if name == "tests":
            collecting.wait()
        print("\n--- {}: {}".format(name, " ".join(command)), flush=True)
        began = time.monotonic()
        code = subprocess.call([python, "-m", *command], cwd=ROOT)
        results.append((name, code, time.monotonic() - began))
    print("\n" + _summary(results, *_marks(sys.stdout)), flush=True)
    return int(any(code for _, code, _ in results))


def _summary(results: "list[tuple[str, int, float]]", good: str, bad: str) -> str:
    """One line a check: its mark, its name, how long it took in seconds."""
    return "\n".join(
        f"{bad if code else good} {name:<10}{seconds:>7.1f} s" for name, code, seconds in results
    )


def _marks(stream: "object") -> "tuple[str, str]":
    """Marks for good and bad that this output can show."""
    try:
        "✓✗".encode(getattr(stream, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return "ok    ", "FAILED"
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or os.name == "nt"
    if plain or not stream.isatty():
        return "✓", "✗"
    return "\033[32m✓\033[0m", "\033[31m✗\033[0m"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
