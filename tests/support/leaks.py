"""Fails each test that leaves a thread, an open file or a log handler to the next one."""

import gc
import logging
import os
import threading

import pytest

from tests.support import waiting


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
    before = holdings()
    yield
    if waiting.wait_until(lambda: not holdings() - before, within=0.2):
        return
    gc.collect()  # what only a cycle of references keeps warns by itself when it goes
    waiting.wait_until(lambda: not holdings() - before, waiting.PATIENCE)
    left = sorted(map(str, holdings() - before))
    assert not left, "left behind by this test: " + ", ".join(left)
