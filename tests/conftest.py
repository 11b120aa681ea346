"""What holds for every test: it leaves nothing behind, and it waits for conditions, not times."""

import gc
import logging
import os
import pathlib
import shutil
import tempfile
import threading
import time

import hypothesis
import pytest

#: A slow machine may need long to end a thread; a test that passes never waits this long.
PATIENCE_SECONDS = 60.0

# The same examples on every machine and in every run; to look for new ones, name the profile
# "default" on the command line: --hypothesis-profile=default
# A machine that is busy with other work takes its time.
hypothesis.settings.register_profile("same", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("same")


def wait_until(condition, within=PATIENCE_SECONDS):
    """The condition's value once it is true, or its last one after ``within`` seconds."""
    deadline = time.monotonic() + within
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(0.005)
    return value


@pytest.fixture
def eventually():
    """``eventually(condition, within=…)``: waits until the condition is true, or fails."""

    def wait(condition, within=PATIENCE_SECONDS, why="the condition never became true"):
        value = wait_until(condition, within)
        assert value, f"{why} (waited {within:g} s)"
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


def open_files():
    """Open file descriptors as (number, what it is); empty where the system does not tell."""
    found = set()
    try:
        numbers = os.listdir("/proc/self/fd")
    except OSError:
        return found
    for number in numbers:
        try:
            found.add(("open file", int(number), os.readlink(f"/proc/self/fd/{number}")))
        except OSError:  # the listing's own descriptor, closed by now
            continue
    return found


def running_threads():
    return {("thread", thread) for thread in threading.enumerate() if thread.is_alive()}


def log_handlers():
    """Handlers of every logger, without those that pytest itself sets around each phase."""
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    return {
        ("log handler", logger.name, handler)
        for logger in loggers
        for handler in getattr(logger, "handlers", ())
        if not type(handler).__module__.startswith("_pytest")
        and not isinstance(handler, logging.NullHandler)  # libraries add one when imported
    }


def holdings():
    return open_files() | running_threads() | log_handlers()


@pytest.fixture(autouse=True)
def nothing_left_behind():
    """Fails a test that leaves a thread, an open file or a log handler to the next one."""
    before = holdings()
    yield
    if wait_until(lambda: not holdings() - before, within=0.2):
        return
    gc.collect()  # what only a cycle of references keeps warns by itself when it goes
    wait_until(lambda: not holdings() - before)
    left = sorted(map(str, holdings() - before))
    assert not left, "left behind by this test: " + ", ".join(left)
