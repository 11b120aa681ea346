"""How long the rest of the program waits for folders to be watched."""

import threading
import time

from watcher.cli.foreground import FoldersReady
from watcher.i18n.message import verbatim
from watcher.model.files import FolderState

LONG = 60.0


def waited(beginning, seconds=LONG):
    began = time.monotonic()
    beginning.wait(seconds)
    return time.monotonic() - began


def test_it_ends_when_something_is_known_of_every_folder():
    beginning = FoldersReady(2)
    beginning.hear(FolderState("/a", verbatim("")))
    teller = threading.Timer(0.05, beginning.hear, [FolderState("/b", verbatim("is not there"))])
    teller.start()
    assert waited(beginning) < LONG
    teller.join()


def test_it_waits_no_longer_than_it_may():
    beginning = FoldersReady(2)
    beginning.hear("news of something else")
    beginning.hear(FolderState("/a", verbatim("")))
    assert waited(beginning, 0.01) >= 0.01


def test_without_folders_there_is_nothing_to_wait_for():
    assert waited(FoldersReady(0)) < LONG
