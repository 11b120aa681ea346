"""Notices files in watched folders: the system's notifications, polling, and scans as the net.

::

    keeper    Folders: what is watched and how, missing and returning folders, limits
    native    watchdog's events → candidates; inotify: the events that watchdog swallows
    scanner   the scan thread; scan: the walk; poll: what a quick look need not read again
    files     changes of single files of our own
    mounts    is a folder there, is it on another machine
    probe     does the system tell of changes in a folder; limits: how many it can tell of

Every event is a hint and may come twice or too early; a file is missed by none of the ways.
"""

from watcher.folders.files import WatchedFiles
from watcher.folders.keeper import Folders, Seams
from watcher.folders.messages import Ignore, Known, Message, Post, WatchedFolder
from watcher.folders.scans import Tally, scan

__all__ = [
    "Folders",
    "Ignore",
    "Known",
    "Message",
    "Post",
    "Seams",
    "Tally",
    "WatchedFiles",
    "WatchedFolder",
    "scan",
]
