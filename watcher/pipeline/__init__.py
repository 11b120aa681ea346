"""The journey of files, one direction, in one thread."""

from watcher.pipeline.deciding import decide, has_likely_time
from watcher.pipeline.loop import Pipeline
from watcher.pipeline.messages import (
    Arm,
    Beat,
    Committed,
    Connection,
    Drain,
    Drained,
    Forget,
    Forgotten,
    Ignore,
    Leave,
    Pause,
    Pending,
    Promise,
    Release,
    Resume,
    Retry,
    Stop,
    Take,
    Taken,
)
from watcher.pipeline.timing import Woke

__all__ = [
    "Arm", "Beat", "Committed", "Connection", "Drain", "Drained", "Forget", "Forgotten", "Ignore",
    "Leave", "Pause", "Pending", "Pipeline", "Promise", "Release", "Resume", "Retry", "Stop",
    "Take", "Taken", "Woke", "decide", "has_likely_time",
]  # fmt: skip
