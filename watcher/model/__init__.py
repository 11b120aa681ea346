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
from watcher.model.follow_ups import (
    Candidates,
    Event,
    EventKind,
    FollowUp,
    Listed,
    SourceFacts,
    Timing,
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
    NoSync,
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
    "Candidates",
    "Cause",
    "Document",
    "Entry",
    "Event",
    "EventKind",
    "Filed",
    "FilingFailed",
    "Finding",
    "FolderState",
    "FollowUp",
    "Held",
    "Hold",
    "Identified",
    "Job",
    "Kept",
    "Known",
    "Listed",
    "Mood",
    "NoSync",
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
    "SourceFacts",
    "Stat",
    "State",
    "Tag",
    "Timing",
    "Uncertain",
    "Unknown",
    "Unreadable",
    "Unusable",
    "Wait",
    "Watched",
    "bound_time",
]
