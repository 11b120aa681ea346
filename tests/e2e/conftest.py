"""The program between a folder and the sandbox, in further states."""

import pytest

from tests.support.clock import SetClock
from tests.support.office import Office


@pytest.fixture
def office(desk, eventually):
    return Office(desk, eventually)


@pytest.fixture
def clock(world):
    world.sandbox.api.parse_seconds = 0.0  # the sandbox's clock is not the one that is set here
    return SetClock()
