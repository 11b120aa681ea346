"""Every row of the reliability table: nothing lost, nothing twice."""

import contextlib
import os
import shutil
import subprocess

import pytest

from tests.faults import SCENARIOS
from tests.faults.trial import run
from tests.support.postgres import need_postgres


@pytest.fixture
def allowed(tmp_path):
    """What scenarios need that this machine gives."""
    path = tmp_path / "probe"
    path.mkdir()
    found = set()
    if can_run("mount", "-t", "tmpfs", "tmpfs", str(path)):
        subprocess.run(["umount", path], check=True)
        found.add("mount")
    if os.access("/proc/sys/fs/inotify/max_queued_events", os.W_OK):
        found.add("root")
    shell = "echo 20 > /proc/sys/user/max_inotify_watches"
    if can_run("unshare", "--user", "--map-root-user", "sh", "-c", shell):
        found.add("unshare")
    if shutil.which("openssl"):
        found.add("openssl")
    with contextlib.suppress(pytest.skip.Exception):
        need_postgres()
        found.add("postgres")
    return found


def can_run(*command):
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_nothing_is_lost_and_nothing_comes_twice(scenario, tmp_path, allowed, start_process):
    if missing := set(scenario.needs.split()) - allowed:
        pytest.skip(f"this machine does not allow: {', '.join(sorted(missing))}")
    root = tmp_path / "world"
    root.mkdir()
    row = run(scenario, root, start_process)
    assert (row.lost, row.twice) == (0, 0)
    assert row.files == row.arrived + row.told > 0
