"""Files on disk: opened without ever following a symbolic link, identified, and filed away.

::

    opening         opens files and directories below a watched folder, and private files
    bundles         documents of several files: which one stands for them, which belong to it
    containers      emails and zip archives: the documents inside are copied into the spool
    members         the names and limits that all containers share
    mail, outlook   what is attached to an email, and what of that is not a document
    mime            the parts of an email, and what their headers say
    archives        what is in a zip archive, if it is within limits
    images          converted to PDF where HrFlow cannot read them
    identification  opened once, examined and hashed; is it still being written?
    adding          copies added to a watched folder, complete when they appear
    filing          filed away by the settings, with a note of why it was refused
    moving          moved to a folder or the system's trash, safely whatever fails
"""

from watcher.documents.bundles import main_file
from watcher.documents.containers import Container, open_container, part_path
from watcher.documents.filing import file_by_settings, filing_target
from watcher.documents.identification import identify, reopen
from watcher.documents.images import to_pdf
from watcher.documents.opening import Spool, find_container, is_at, open_document, stat_file

__all__ = [
    "Container",
    "Spool",
    "file_by_settings",
    "filing_target",
    "find_container",
    "identify",
    "is_at",
    "main_file",
    "open_container",
    "open_document",
    "part_path",
    "reopen",
    "stat_file",
    "to_pdf",
]
