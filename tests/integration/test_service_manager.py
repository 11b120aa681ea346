"""The status for the service manager: one for a burst of changes, none lost, none after the end."""

import socket
import threading

import pytest

from watcher.daemon.systemd import ServiceManager
from watcher.pipeline.messages import Pending


class Facts:
    """Counts how often it is asked; ``held`` keeps an answer back."""

    def __init__(self):
        self.times = 0
        self.held = threading.Event()
        self.held.set()

    def __call__(self):
        self.times += 1
        self.held.wait(30)
        return {"pending": self.times}


@pytest.fixture
def facts():
    return Facts()


@pytest.fixture
def manager(tmp_path, facts):
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(address)
        made = ServiceManager.of_process({"NOTIFY_SOCKET": address})
        yield made
        facts.held.set()
        made.stopping()


def never():
    raise AssertionError("nobody wants a watchdog")


def test_a_burst_of_changes_is_one_status(manager, facts, eventually):
    for number in range(1000):
        manager.on_event(Pending(number))
    manager.ready(never, facts)
    eventually(lambda: facts.times == 2)  # when it is ready, and for all that came before
    manager.stopping()
    assert facts.times == 2


def test_a_change_during_a_status_is_not_lost(manager, facts, eventually):
    manager.ready(never, facts)
    facts.held.clear()
    manager.on_event(Pending(1))
    eventually(lambda: facts.times == 2)
    manager.on_event(Pending(2))
    facts.held.set()
    eventually(lambda: facts.times == 3)


def test_nothing_is_left_after_the_end(manager, facts):
    manager.ready(never, facts)
    manager.stopping()
    manager.stopping()
    manager.on_event(Pending(1))
    assert facts.times == 1
    assert "service-manager" not in {thread.name for thread in threading.enumerate()}
