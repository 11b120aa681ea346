"""How much of the work at hand is done, and that whoever listens hears of every change."""

import pytest

from watcher.daemon.status import Progress
from watcher.model.kinds import State

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
    assert [progress.look(counts) for counts in looks] == shown, reason
