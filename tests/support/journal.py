"""Rows put into a journal of a test's own."""

from watcher.model.entries import Stat
from watcher.model.files import Candidate
from watcher.model.kinds import Sign, State
from watcher.model.lifecycle import Step
from watcher.model.uploads import Route

FOLDER = "/srv/cvs"


def add(journal, name="a.pdf", state=State.NOTICED, cause="", now=1.0):
    candidate = Candidate(FOLDER, f"{FOLDER}/{name}", Sign.SCANNED)
    return journal.files.add(candidate, Stat(10, 20, 30, 2**64 - 1), now, state, cause)


def queue(journal, name="a.pdf", now=1.0, account="default", source="source"):
    file_id = add(journal, name, now=now)
    step, route = Step(State.QUEUED, due_at=now), Route(account, source, "ref")
    journal.files.step(file_id, step, now, route=route, fields=(("tags", "[]"),))
    return file_id
