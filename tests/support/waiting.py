"""Waiting for a condition; the one deadline of all tests."""

import time

#: Seconds that anything awaited may take on a busy machine; a test that passes never waits as long.
PATIENCE = 120.0


def wait_until(condition, within=PATIENCE):
    """Return the condition's value once it is true, or its last one after ``within`` seconds."""
    deadline = time.monotonic() + within
    pause = 0.005
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(pause * 1.2, 0.05)  # what takes longer is asked for less often
    return value
