"""What goes on by itself is due at once: no message comes that would have it looked at."""

import os

from tests.support.journal import FOLDER, queue
from watcher.model.files import Candidate
from watcher.model.kinds import Sign
from watcher.pipeline import housekeeping
from watcher.pipeline.housekeeping import Filing
from watcher.pipeline.messages import Configure
from watcher.pipeline.reading import ReadQueue
from watcher.pipeline.settle import Settled
from watcher.pipeline.stage import Context
from watcher.system.clock import RealClock


class NoWorkers:
    """Nothing is given to them here."""


def test_a_round_of_filing_goes_on_behind_files_that_nobody_files(journal, monkeypatch):
    monkeypatch.setattr(housekeeping, "BATCH", 2)
    for number in range(5):
        journal.files.set_filing(queue(journal, f"{number}.pdf"), "pending")
    context = Context(journal, RealClock(), NoWorkers(), spool=None, emit=None, publish=None)
    round_ = Filing(context)
    round_.configure(Configure(None, {}))  # their folder is not watched any more
    turns = 0
    while round_.next_due() is not None:
        round_.work()
        round_.start()
        turns += 1
    assert turns == 4  # two, two, one, and none


def test_files_of_folders_that_are_not_watched_any_more_wait_for_no_reader():
    reading = ReadQueue(NoWorkers(), spool=None)
    reading.configure({"/left": None, FOLDER: None})
    for folder in ("/left", FOLDER):
        candidate = Candidate(folder, os.path.join(folder, "a.pdf"), Sign.CLOSED)
        reading.add(candidate, Settled.YES)
    reading.configure({FOLDER: None})
    assert len(reading) == 1
    reading.configure({})
    assert reading.is_empty
    assert not reading.can_start
