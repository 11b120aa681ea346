"""The shared vocabulary: frozen values that travel between the modules, and nothing else.

A file's journey, one value a step::

    Candidate → Sniffed → Document → Route → Job → Outcome → Entry (what people are shown)

Paths are ``str`` as ``os.fsdecode`` gives them (names that are not UTF-8 carry surrogate
escapes), absolute, below a watched folder. Times are seconds since 1970 (UTC) as float.
"""

from watcher.model.files import (
    NO_STAT,
    Candidate,
    Document,
    Filed,
    FilingFailed,
    FolderState,
    Identified,
    ScanEnded,
    Scanned,
    Sign,
    Sniffed,
    Stat,
    State,
    Unusable,
    bound_time,
)
from watcher.model.records import Entry, Hold, Known
from watcher.model.snapshot import UNTIL_RESUMED, Kept, Mood, Snapshot, Watched
from watcher.model.uploads import (
    Accepted,
    Altered,
    Cause,
    Finding,
    Held,
    Job,
    Outcome,
    Parsed,
    Profile,
    Refused,
    Route,
    Skip,
    Tag,
    Uncertain,
    Unknown,
    Unreadable,
    Wait,
)

__all__ = [
    "NO_STAT",
    "UNTIL_RESUMED",
    "Accepted",
    "Altered",
    "Candidate",
    "Cause",
    "Document",
    "Entry",
    "Filed",
    "FilingFailed",
    "Finding",
    "FolderState",
    "Held",
    "Hold",
    "Identified",
    "Job",
    "Kept",
    "Known",
    "Mood",
    "Outcome",
    "Parsed",
    "Profile",
    "Refused",
    "Route",
    "ScanEnded",
    "Scanned",
    "Sign",
    "Skip",
    "Snapshot",
    "Sniffed",
    "Stat",
    "State",
    "Tag",
    "Uncertain",
    "Unknown",
    "Unreadable",
    "Unusable",
    "Wait",
    "Watched",
    "bound_time",
]
