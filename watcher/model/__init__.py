"""The shared vocabulary: frozen values that travel between the modules, and nothing else.

A file's journey, one value a step::

    Candidate → Sniffed → Document → Route → Job → Outcome → Entry (what people are shown)

Paths are ``str`` as ``os.fsdecode`` gives them (names that are not UTF-8 carry surrogate
escapes), absolute, below a watched folder. Times are seconds since 1970 (UTC) as float.

The values are made when the first of them is asked for, those that people are shown apart from the
others: to make forty frozen classes takes longer than all else that ``status`` does.
"""

from typing import TYPE_CHECKING

from watcher.model.kinds import Cause, Sign, State

if TYPE_CHECKING:
    from watcher.model.files import (
        Candidate,
        Document,
        Filed,
        FilingFailed,
        FolderState,
        Identified,
        ScanEnded,
        Scanned,
        Sniffed,
        Unusable,
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
    from watcher.model.known import Hold, Known
    from watcher.model.records import NO_STAT, Entry, Stat, bound_time
    from watcher.model.snapshot import UNTIL_RESUMED, Kept, Mood, Snapshot, Watched
    from watcher.model.uploads import (
        Accepted,
        Altered,
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

if not TYPE_CHECKING:  # so that a name which there is not is an error to a type checker

    def __getattr__(name: str) -> object:
        """Make all values, see above; AttributeError for what is none of them."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from watcher.model import records  # noqa: PLC0415

        if not hasattr(records, name):
            from watcher.model import files, follow_ups, known, snapshot, uploads  # noqa: PLC0415

            homes = files, follow_ups, known, snapshot, uploads
        else:
            homes = (records,)
        found = {
            each: getattr(home, each) for home in homes for each in __all__ if hasattr(home, each)
        }
        globals().update(found)
        return found[name]
