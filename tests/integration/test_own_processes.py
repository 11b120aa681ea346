"""The processes that the program starts for itself run its own code, wherever it was started."""

import subprocess
import sys

import pytest

from tests.support.waiting import PATIENCE
from watcher.credentials import keyring_process
from watcher.desktop.tray import process_command
from watcher.service.common import Program


@pytest.mark.parametrize(
    "command",
    [
        [*process_command(), "--find-backend"],
        [sys.executable, *keyring_process._COMMAND],
        [*Program("/usr/bin/nothing", frozen=False, windows=True).command(), "--version"],
    ],
    ids=["icon", "keyring", "service"],
)
def test_what_lies_in_the_folder_is_not_run(command, tmp_path):
    words = [sys.executable, *command[1:]]
    for name in ("json.py", "watcher.py", "threading.py"):
        (tmp_path / name).write_text("open('run', 'w').close()\n", encoding="utf-8")
    done = subprocess.run(
        words,
        cwd=tmp_path,
        check=False,
        input=b'["default", true]\n',
        capture_output=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "run").exists()
