"""Every row of the reliability table: nothing lost, nothing twice."""

import subprocess

import pytest

from tests.faults import SCENARIOS
from tests.faults.trial import run


@pytest.fixture
def can_mount(tmp_path):
    path = tmp_path / "probe"
    path.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "tmpfs", path], capture_output=True, text=True, check=False
    )
    if made.returncode == 0:
        subprocess.run(["umount", path], check=True)
    return made.returncode == 0


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_nothing_is_lost_and_nothing_comes_twice(scenario, tmp_path, can_mount):
    if scenario.needs == "mount" and not can_mount:
        pytest.skip("no file system can be mounted here")
    root = tmp_path / "world"
    root.mkdir()
    row = run(scenario, root)
    assert (row.lost, row.twice) == (0, 0)
    assert row.files == row.arrived + row.told > 0
