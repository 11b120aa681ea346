"""How much of the work at hand is done, and that whoever listens hears of every change."""

import math
import time

import pytest

from watcher.daemon.snapshots import Progress, Snapshots
from watcher.model.kinds import State
from watcher.model.snapshot import Snapshot
from watcher.system.clock import RealClock

S = State


@pytest.mark.parametrize(
    ("looks", "shown", "reason"),
    [
        ([{}], [(0, 0)], "nothing was ever there"),
        ([{S.PARSED: 9}, {S.PARSED: 9, S.QUEUED: 3}], [(0, 0), (0, 3)], "history does not count"),
        (
            [
                {S.QUEUED: 3},
                {S.QUEUED: 1, S.UPLOADING: 1, S.PARSED: 1},
                {S.PARSED: 2, S.REFUSED: 1},
            ],
            [(0, 3), (1, 3), (0, 0)],
            "it ends with the last one",
        ),
        ([{S.HELD: 5}], [(0, 0)], "what waits for somebody is no work that goes on"),
        ([{S.QUEUED: 2, S.PARSED: 9}, {S.QUEUED: 2, S.PARSED: 4}], [(0, 2), (0, 2)], "old ones go"),
        ([{S.QUEUED: 2}, {S.QUEUED: 5, S.PARSED: 1}], [(0, 2), (1, 6)], "more may come meanwhile"),
    ],
)
def test_progress(looks, shown, reason):
    progress = Progress()
    assert [progress.update(counts) for counts in looks] == shown, reason


def test_a_listener_hears_what_somebody_else_has_asked_for_before(tmp_path, eventually):
    version = ["1"]
    snapshots = Snapshots(
        str(tmp_path / "no journal"), RealClock(), lambda: Snapshot(version=version[0])
    )
    heard = []
    snapshots.subscribe(lambda snapshot: heard.append(snapshot.version))
    try:
        eventually(lambda: heard == ["1"])
        version[0] = "2"
        snapshots.touch()
        assert snapshots.latest().version == "2"  # as a command that asks for the status does
        eventually(lambda: heard == ["1", "2"])
    finally:
        snapshots.stop()


def test_a_listener_is_called_again_when_it_wants_to_be(tmp_path, eventually):
    """As for the end of a pause, which changes nothing in the journal."""
    snapshots = Snapshots(str(tmp_path / "no journal"), RealClock(), Snapshot)
    heard, due = [], time.time() + 0.4

    def listen(snapshot):
        heard.append(snapshot.at)
        return due if len(heard) == 1 else math.inf

    snapshots.subscribe(listen)
    try:
        eventually(lambda: len(heard) == 2)
        assert heard[1] >= due
    finally:
        snapshots.stop()
