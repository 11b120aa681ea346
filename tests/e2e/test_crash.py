"""Some hundred kills: lost 0, twice 0. The soak of thousands is ``python -m tests.crash``."""

import random
from concurrent.futures import ThreadPoolExecutor

from tests.crash.__main__ import KINDS
from tests.crash.victim import Victim

KILLS_EACH = 25


def test_some_hundred_kills_lose_and_double_nothing(tmp_path, start_process):
    seed = random.randrange(10**6)
    victims = [
        Victim(tmp_path / str(number), seed + number, start_process, **kind)
        for number, kind in enumerate(KINDS)
    ]
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda victim: victim.run(KILLS_EACH), victims))
    for number, count in enumerate(counts):
        what = f"seed {seed + number}, {KINDS[number]}: {count}"
        assert (count.kills, count.lost, count.twice, count.misplaced) == (KILLS_EACH, 0, 0, 0), (
            what
        )
        assert count.files > KILLS_EACH, what
