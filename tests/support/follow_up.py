"""What became of uploads, by a clock that a test sets."""

import os
import shutil

from tests.support.samples import PDF
from tests.support.waiting import wait_until
from watcher.i18n.message import Message


def one(world):
    (entry,) = world.entries()
    return entry


def sentences(world):
    return [str(news) for news in world.news if isinstance(news, Message | str)]


def asked(world, path="/profile/parsing?"):
    return [call for call in world.sandbox.ledger.calls() if call.target.startswith("/v1" + path)]


def let_pass(world, clock, seconds):
    """Have time pass once nothing is under way: an answer belongs to the time of its question."""
    pipeline = world.app._supervisor.engine._pipeline
    world.nudge()
    assert wait_until(lambda: not any(stage.running for stage in pipeline._stages))
    world.nudge()  # the last answer is noted, too
    clock.passed += seconds
    world.nudge()


def send(world, clock, name="Aisha.pdf", **account):
    """Send the sample of Aisha Rahman; returns once it has arrived."""
    folder = world.folder()
    world.start(folder, clock=clock, **account)
    shutil.copy(PDF, os.path.join(folder.path, name))
    world.wait_idle(1)
    return folder
