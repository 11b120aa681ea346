"""Several programs on one folder with a shared ledger, each killed at random moments.

The database is restarted at random as well, as by a loss of power. References are taken in the way
in which a known one is parsed again, so that a second upload shows.
"""

import contextlib
import pathlib
import random
import signal
import threading

from tests.crash.victim import PARSING, Count
from tests.support.postgres import running_cluster
from tests.support.share import Share, set_up
from tests.support.waiting import wait_until
from watcher import sandbox as sb
from watcher.sandbox import Fault, Kind

#: Kills between two restarts of the database.
RESTARTS = 15
#: Seconds for the end, in which leases run out and uncertain uploads are asked for.
LAST = 600.0


class Office:
    """Several machines on one folder."""

    def __init__(self, root, seed, machines):
        self.random = random.Random(seed)
        self.root = pathlib.Path(root)
        self.machines = machines

    def run(self, kills):
        """Kill them ``kills`` times, let them finish, and count."""
        with contextlib.ExitStack() as stack:
            cluster = stack.enter_context(running_cluster())
            url = cluster.new_database()
            set_up(url)
            sandbox = stack.enter_context(sb.Sandbox(parse_seconds=PARSING, references="update"))
            sandbox.faults.set(Fault(kind=Kind.DELAY, delay=0.05, method="POST"))
            share = Share(self.root, url, sandbox)
            stack.callback(share.close)
            account = "confirm_seconds = 3.0\nparallel_uploads = 3"
            desks = [
                share.desk(account=account, folder="ask_above = 0") for _ in range(self.machines)
            ]
            for desk in desks:  # files in a folder that was never watched would need approval
                desk.start("run").wait_for("Watching")
            dropped = 0
            for kill in range(kills):
                number = self.random.randint(1, 4)
                share.drop(number, start=dropped)
                dropped += number
                threading.Event().wait(self.random.uniform(0, 2.0))
                desk = self.random.choice(desks)
                desk.processes.pop().end(signal.SIGKILL)
                if kill % RESTARTS == RESTARTS - 1:
                    cluster.stop(self.random.choice(("immediate", "fast")))
                    cluster.start()
                desk.start("run", "--quiet")
            sandbox.faults.clear()
            wait_until(lambda: share.is_done(dropped), within=LAST)
            arrived = len(set(share.references()))
            return Count(
                kills=kills,
                files=dropped,
                arrived=arrived,
                lost=dropped - arrived,
                twice=sum(number - 1 for number in sandbox.parses().values()),
                misplaced=0 if share.is_done(dropped) else 1,
            )
