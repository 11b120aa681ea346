"""A key in the keyring and another one in the environment: which is used is said, and never shown."""

import pytest

from tests.support import file_keyring
from watcher import sandbox as sb

OTHER = "ask_" + "5" * 32
SAID = "(the environment variable HRFLOW_API_KEY "


@pytest.fixture
def boxed(desk, tmp_path):
    """Variables of a machine whose keyring holds the right key, and who has another one set."""
    box = {**file_keyring.environ(tmp_path / "box.json"), "HRFLOW_API_KEY": OTHER}
    done = desk.run("login", "--key-stdin", typed=sb.READ_WRITE_KEY, **box)
    assert done.returncode == 0, done.stderr
    assert "HRFLOW_API_KEY, is not used" in done.stdout
    return box


def test_every_command_says_which_key_is_used(desk, boxed):
    running = desk.start("run", **boxed)
    running.wait_for(SAID)
    (desk.folder / "cv.pdf").write_bytes(sb.sample_cv_pdf())
    running.wait_for("cv.pdf")
    for command in ("status", "doctor"):
        said = desk.run(command, **boxed)
        assert SAID in " ".join(said.stdout.split()), (command, said.stdout)
        assert sb.READ_WRITE_KEY not in said.stdout + said.stderr
        assert OTHER not in said.stdout + said.stderr
    assert running.end() == 0
    assert desk.arrived(), "the key of the keyring is used"
    assert OTHER not in "".join(running.lines)


def test_the_same_key_twice_is_nothing_to_tell(desk, boxed):
    same = {**boxed, "HRFLOW_API_KEY": sb.READ_WRITE_KEY}
    said = desk.run("doctor", **same).stdout
    assert "comes from the system's keyring" in said
    assert SAID not in said
