"""Watched folders of a test's own, and where they post to."""

import threading

from tests.support.waiting import PATIENCE
from watcher.folders import WatchedFolder
from watcher.i18n.message import NOTHING, as_json
from watcher.model.files import Candidate, FolderState, ScanEnded, Scanned
from watcher.model.settings import Folder, Watch
from watcher.routing.ignored import ignore_filter

IGNORED = ignore_filter(
    Folder(path="/cvs", account="a", source_key="k", ignore=("private/**", "**/*geheim /**"))
)


class Inbox:
    """Where the folders post to; waits for a condition on all that was posted."""

    def __init__(self):
        self.messages = []
        self._changed = threading.Condition()

    def post(self, message):
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    def clear(self):
        with self._changed:
            self.messages.clear()

    def wait(self, condition, what):
        with self._changed:
            assert self._changed.wait_for(lambda: condition(list(self.messages)), PATIENCE), (
                f"never came: {what}; the last were {self.messages[-20:]}"
            )
            return list(self.messages)

    def wait_for_paths(self, paths, *signs):
        wanted = {str(path) for path in paths}
        missing = set(wanted)
        read = 0

        def all_there(messages):
            nonlocal read
            for message in messages[read:]:
                missing.difference_update(found(message, signs))
            read = len(messages)
            return not missing

        self.wait(all_there, f"{len(wanted)} paths with {signs}")

    def wait_for_scan(self, reason, folder=None):
        def ended(messages):
            return [
                m
                for m in messages
                if isinstance(m, ScanEnded) and m.reason == reason and folder in (None, m.folder)
            ]

        return ended(self.wait(ended, f"the end of a scan: {reason}"))[-1]

    def wait_for_problem(self, message_id=""):
        """Return the problem that a folder has now, with this in the id of a message."""

        def has_problem(messages):
            problem = last_problem(messages)
            return problem and message_id in as_json(problem)

        return last_problem(self.wait(has_problem, f"problem {message_id!r}"))

    def wait_until_watched(self):
        """Return once nothing keeps a folder from being watched any more."""
        self.wait(lambda messages: last_problem(messages) == NOTHING, "a folder without a problem")

    def paths(self, *signs):
        return [path for message in list(self.messages) for path in found(message, signs)]


def last_problem(messages):
    """The problem that was told last; None if nothing was told."""
    problems = [message.problem for message in messages if isinstance(message, FolderState)]
    return problems[-1] if problems else None


def found(message, signs):
    if isinstance(message, Scanned):
        candidates = message.candidates
    else:
        candidates = [message] if isinstance(message, Candidate) else []
    return [c.path for c in candidates if not signs or c.sign in signs]


def watched(path, **changes):
    values = {
        "recursive": True,
        "watch": Watch.NATIVE,
        "poll_seconds": 0.05,
        "ignore": IGNORED,
        "excluded": (),
    }
    return WatchedFolder(str(path), **(values | changes))


def arm(folders, inbox, *watched_folders):
    folders.watch(watched_folders)
    for folder in watched_folders:
        inbox.wait_for_scan("start", folder.path)


def write(path, content=b"a CV"):
    path.write_bytes(content)
    return path
