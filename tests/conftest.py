"""What holds for every test, and the fixtures that several directories of tests share."""

import os
import pathlib
import shutil
import signal
import sys
import tempfile

import hypothesis
import pytest

from tests.support.waiting import PATIENCE, wait_until

# Hints name the command as if it were installed.
os.environ["HRFLOW_WATCHER_COMMAND"] = "hrflow-watcher"

pytest_plugins = [
    "tests.support.leaks", "tests.support.forks", "tests.support.desk", "tests.support.world",
    "tests.support.postgres",
]  # fmt: skip
if sys.platform == "linux":
    pytest_plugins.append("tests.support.desktop")

# Tests start the program hundreds of times: its modules are compiled once, not each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell's background job ignores Ctrl-C, and so would the programs that are started here.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples on every machine and in every run; to look for new ones, name the profile
# "default" on the command line: --hypothesis-profile=default
# A machine that is busy with other work takes its time.
hypothesis.settings.register_profile(
    "same", derandomize=True, database=None, deadline=None, max_examples=50
)
hypothesis.settings.load_profile("same")


#: Modules whose tests wait or work for long: with these at the end, most workers would be idle.
LONGEST = ("test_crash.py", "test_reliability.py", "test_shared_ledger.py", "test_desktop.py")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture
def eventually():
    """``eventually(condition)``: waits until the condition is true and gives its value, or fails."""

    def wait(condition, why="the condition never became true"):
        value = wait_until(condition)
        assert value, f"{why} (waited {PATIENCE:g} s)"
        return value

    return wait


@pytest.fixture
def not_root():
    """A directory of somebody who, unlike root, may not read everything."""
    path = pathlib.Path(tempfile.mkdtemp())
    path.chmod(0o777)
    user = os.geteuid()
    os.seteuid(user or 65534)
    yield path
    os.seteuid(user)
    shutil.rmtree(path)
