"""Notices files in watched folders: the system's notifications, polling, and scans as the net.

::

    supervisor     what is watched and how, missing and returning folders
    native         watchdog's events as candidates, and a test whether there are any
    inotify        the events that watchdog ignores (Linux)
    scans          the walk, the thread that walks, and which directories a quick scan may skip
    watched_files  changes of single files of our own
    mounts         is a folder there, is it on another machine, the system's limits

Every event is a hint and may come twice or too early; no file is missed by all of the ways.
"""

from watcher.folders.scans import WatchedFolder
from watcher.folders.supervisor import FolderSupervisor
from watcher.folders.watched_files import WatchedFiles

__all__ = ["FolderSupervisor", "WatchedFiles", "WatchedFolder"]
