"""Files on disk: opened without ever following a symbolic link, identified, and filed away.

::

    opening         opens files and directories below a watched folder
    parts           which document a file is a part of, by its name and place
    identification  opened once, examined and hashed; is it still being written?
    filing          filed away by the settings, with a note of why it was refused
    moving          moved to a folder, safely whatever fails
    trash           moved to the system's trash
"""

from watcher.documents.filing import (
    file_away,
    file_by_settings,
    filing_target,
    write_error_note,
)
from watcher.documents.identification import being_written, identify, reopen
from watcher.documents.opening import Opened, is_at, open_document, stat_file
from watcher.documents.parts import main_file

__all__ = [
    "Opened",
    "being_written",
    "file_away",
    "file_by_settings",
    "filing_target",
    "identify",
    "is_at",
    "main_file",
    "open_document",
    "reopen",
    "stat_file",
    "write_error_note",
]
