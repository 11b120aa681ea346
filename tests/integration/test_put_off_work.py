"""What is put off is done once for all that have asked for it, and not after the end."""

import threading

import pytest

from watcher.daemon.later import Later


class Work:
    """Counts how often it is done; ``held`` keeps it from ending."""

    def __init__(self):
        self.times = 0
        self.held = threading.Event()
        self.held.set()

    def __call__(self):
        self.times += 1
        self.held.wait(30)


@pytest.fixture
def work():
    return Work()


@pytest.fixture
def later(work):
    made = Later(work, "later", rest=0.05)
    yield made
    work.held.set()
    made.stop()


def test_many_ask_and_it_is_done_once(later, work, eventually):
    for _ in range(1000):
        later.ask()
    later.start()
    eventually(lambda: work.times)
    assert work.times == 1


def test_whoever_asks_while_it_is_done_has_it_done_again(later, work, eventually):
    later.start()
    work.held.clear()
    later.ask()
    eventually(lambda: work.times == 1)
    later.ask()
    work.held.set()
    eventually(lambda: work.times == 2)


@pytest.mark.parametrize("is_started", [False, True])
def test_what_was_put_off_is_not_done_after_the_end(work, is_started):
    later = Later(work, "later", rest=30.0)
    if is_started:
        later.start()
    later.ask()
    later.stop()
    later.stop()
    assert work.times == 0
    assert "later" not in {thread.name for thread in threading.enumerate()}
