"""``python -m tests.crash [--kills N] [--seed N] [--machines N]``: the soak."""

import argparse
import pathlib
import random
import sys
import tempfile

from tests.crash.victim import Count, Victim
from watcher import sandbox as sb

KINDS = (
    {"after": "keep"},
    {"after": "move"},
    {"after": "keep", "key": sb.WRITE_KEY},
    {"after": "keep", "references": "update"},
    {"after": "move", "references": "late"},
)
#: Kills of one program before another one begins with an empty folder.
ROUND = 25


def crash_office(chosen):
    from tests.crash.office import Office  # noqa: PLC0415 - it needs PostgreSQL and psycopg

    with tempfile.TemporaryDirectory() as root:
        count = Office(root, chosen.seed, chosen.machines).run(chosen.kills)
    sys.stdout.write(
        f"seed {chosen.seed}, {chosen.machines} machines: {count.kills} kills, {count.files} files, "
        f"arrived {count.arrived}, lost {count.lost}, twice {count.twice}, "
        f"not done {count.misplaced}\n"
    )
    return 1 if count.lost or count.twice or count.misplaced else 0


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--machines", type=int, default=1, help="How many programs share a ledger.")
    chosen = parser.parse_args()
    if chosen.machines > 1:
        return crash_office(chosen)
    total, number = Count(), 0
    while total.kills < chosen.kills:
        seed, kind = chosen.seed + number, KINDS[number % len(KINDS)]
        with tempfile.TemporaryDirectory() as root:
            victim = Victim(pathlib.Path(root).resolve(), seed, **kind)
            count = victim.run(min(ROUND, chosen.kills - total.kills))
        total += count
        number += 1
        moments = ", ".join(f"{name} {hit}" for name, hit in sorted(total.moments.items()))
        sys.stdout.write(
            f"seed {seed} {kind}: {total.kills} kills, {total.files} files, arrived "
            f"{total.arrived}, lost {total.lost}, twice {total.twice}, misplaced "
            f"{total.misplaced} ({moments})\n"
        )
        sys.stdout.flush()
        if count.lost or count.twice or count.misplaced:
            sys.stdout.write(f"seed {seed} shows it; files and states above\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
