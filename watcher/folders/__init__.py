"""Notices files in watched folders: the system's notifications, polling, and scans as the net.

::

    keeper    Folders: what is watched and how, missing and returning folders
    native    watchdog's events as candidates; whether, and how much of, it the system tells
    inotify   the events that watchdog swallows
    scans     the walk, the thread that walks, and what a quick look need not read again
    files     changes of single files of our own
    mounts    is a folder there, is it on another machine
    messages  what is to be watched, and what is asked and posted about it

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
