"""Importing the program asks nobody on the network, and starts nothing."""

import pathlib
import subprocess
import sys

import pytest

from tests.support.desk import Desk
from tests.support.waiting import PATIENCE
from watcher import sandbox as sb

ROOT = pathlib.Path(__file__).parents[2]
ALL = """if True:
    import importlib, pkgutil, sys, threading, watcher
    asked = []
    def hear(event, arguments):
        if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.sendmsg"):
            asked.append((event, arguments))
    sys.addaudithook(hear)
    for module in pkgutil.walk_packages(watcher.__path__, "watcher."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    print(asked, threading.active_count())
"""


def test_importing_every_module_makes_no_connection_and_no_thread():
    done = subprocess.run(
        [sys.executable, "-c", ALL],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert done.stdout == "[] 1\n"


#: What takes memory or time, and is not needed for the mere question, or before the first upload.
LATE = {
    "status": (
        "rich",
        "requests",
        "logging",
        "hmac",
        "secrets",
        "tempfile",
        "watcher.sniff.formats",
    ),
    "run": ("requests", "keyring", "secretstorage", "PIL", "pystray", "rich"),
}


@pytest.fixture
def desk(tmp_path):
    with sb.Sandbox() as sandbox:
        yield Desk(tmp_path, sandbox)


@pytest.mark.parametrize("command", LATE)
def test_what_takes_long_to_import_is_imported_late(desk, eventually, command):
    """Of a command that is seen to work: ``status`` ends, ``run`` says where its page is."""
    environ = desk.environ(PYTHONPROFILEIMPORTTIME="1")
    if command == "run":
        with subprocess.Popen(
            desk.command("run", "--no-tray"), env=environ, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            eventually((desk.root / "state" / "instance.json").exists)
            process.terminate()
            said = process.communicate(timeout=PATIENCE)[1]
    else:
        said = desk.run(command, PYTHONPROFILEIMPORTTIME="1").stderr
    imported = {line.rpartition("|")[2].strip() for line in said.splitlines()}
    assert "watcher.cli.output" in imported
    assert imported.isdisjoint(LATE[command])
