"""Files on disk: opened without ever following a symbolic link, identified, and filed away."""

from watcher.documents.filing import file_away, write_error_note
from watcher.documents.identification import being_written, identify, reopen
from watcher.documents.opening import Opened, open_document, stat_file
from watcher.documents.parts import main_file

__all__ = [
    "Opened",
    "being_written",
    "file_away",
    "identify",
    "main_file",
    "open_document",
    "reopen",
    "stat_file",
    "write_error_note",
]
