"""What becomes of the shared ledger, and of the machines that use it."""

import os
import shutil
import signal
from types import SimpleNamespace

from tests.faults.machine import SetClock, fill
from tests.faults.trial import Scenario
from tests.support.postgres import running_cluster
from tests.support.share import Share, set_up
from watcher.model.lifecycle import OPEN
from watcher.model.settings import Ledger
from watcher.sandbox import Fault, Kind

HOUR = 3600.0
BACKLOG = 30


class Office:
    """Machines on one folder, whose ledger things are done to."""

    def __init__(self, trial, disk=""):
        self.trial = trial
        trial.sandbox.api.references = "update"  # so that a second upload shows
        running = running_cluster(disk)
        self.cluster = running.__enter__()
        trial.undo.append(lambda: running.__exit__(None, None, None))
        self.url = self.cluster.new_database()
        set_up(self.url)
        self.share = Share(trial.root, self.url, trial.sandbox, trial.start_process)
        trial.undo.append(self.share.close)
        self.folder = SimpleNamespace(path=str(self.share.folder))
        self.dropped = 0

    def machines(self, number, confirm_seconds=3.0):
        account = f"parallel_uploads = 2\nconfirm_seconds = {confirm_seconds}"
        desks = [self.share.desk(account=account) for _ in range(number)]
        for desk in desks:
            desk.start("run").wait_for("Watching")
        self.trial.places = desks[0].places
        return desks

    def drop(self, number):
        names = range(self.dropped, self.dropped + number)
        self.trial.drop(self.folder, *(f"{each}.pdf" for each in names))
        self.dropped += number

    def wait_for_arrivals(self, number):
        self.trial.until(lambda: len(self.trial.arrived()) >= number)

    def finish(self):
        """Wait until every machine has come to rest with every file."""
        self.trial.until(lambda: self.share.is_done(self.dropped))


def in_a_backlog(interfere):
    """Two machines share a backlog when something happens to the ledger."""

    def run(trial):
        office = Office(trial)
        office.machines(2)
        trial.sandbox.faults.set(Fault(kind=Kind.DELAY, delay=0.1, method="POST"))
        office.drop(BACKLOG)
        office.wait_for_arrivals(5)
        interfere(office)
        office.finish()

    return run


def restart(office):
    office.cluster.stop("immediate")
    office.cluster.start()


def cut(office):
    """Every connection is closed again and again, in the middle of whatever it is used for."""
    query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
    with office.cluster.superuser() as connection:
        for arrivals in range(6, BACKLOG, 3):
            office.wait_for_arrivals(arrivals)
            connection.execute(query, ["hrflow-watcher"])


def hang(office):
    """Its processes are stopped, so that nothing answers and no connection is closed."""
    processes = office.cluster.processes()
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        office.trial.until(lambda: office.trial.has("held"))
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def failover(trial):
    office = Office(trial)
    standby = office.cluster.back_up()
    office.share.url = (
        f"postgresql://hrflow@127.0.0.1:{office.cluster.port},127.0.0.1:{standby.port}"
    )
    office.share.url += office.url[office.url.rindex("/") :]
    office.machines(2, confirm_seconds=15.0)
    trial.sandbox.faults.set(Fault(kind=Kind.DELAY, delay=6.0, method="POST", times=4))
    office.drop(8)
    office.trial.until(lambda: len(trial.tried()) >= 4)
    office.cluster.stop("immediate")
    standby.start()
    standby.run("pg_ctl", "promote", "-w", "-D", standby.data)
    office.finish()


def full_disk(trial):
    office = Office(trial, disk="150m")
    office.machines(2)
    filler = fill(office.cluster.root)
    office.drop(BACKLOG)
    trial.until(lambda: trial.has("held", BACKLOG))
    os.unlink(filler)
    if not office.cluster.is_running():
        office.cluster.start()
    office.finish()


def namesakes(trial):
    office = Office(trial)
    first, _ = office.machines(2)
    office.drop(BACKLOG)
    office.finish()
    names = [each["machine"] for each in first.read_json("ledger", "status")]
    assert len(names) == 2
    assert len(set(names)) == 1


def clone(trial):
    """A machine's whole state is copied while it has files under way, and both go on."""
    office = Office(trial)
    (original,) = office.machines(1)
    trial.sandbox.faults.set(Fault(kind=Kind.DELAY, delay=0.1, method="POST"))
    office.drop(BACKLOG)
    office.wait_for_arrivals(5)
    original.processes.pop().end(signal.SIGKILL)
    copy = office.share.desk(account="confirm_seconds = 3.0")
    shutil.copytree(original.places.state, copy.places.state)
    for desk in (original, copy):
        desk.start("run", "--quiet")
    office.finish()


def clock_off(by):
    """One of two machines has a clock that is off."""

    def run(trial):
        office = Office(trial)
        office.machines(1)
        clock = SetClock()
        clock.set_by = by
        folder = trial.folder("share")
        trial.places = type(trial.places)(str(trial.root / "state"))
        trial.settings["ledger"] = Ledger(url=office.url)
        trial.start(folder, clock=clock, confirm_seconds=3.0)
        trial.sandbox.faults.set(Fault(kind=Kind.DELAY, delay=0.1, method="POST"))
        office.drop(BACKLOG)
        office.finish()
        trial.until(lambda: trial.has("parsed") and not OPEN & {*trial.states().values()})

    return run


SCENARIOS = tuple(
    Scenario(f"the ledger: {name}", how, run, needs=needs)
    for name, how, run, needs in (
        ("PostgreSQL loses its power and comes back", "two machines in the middle of a backlog",
         in_a_backlog(restart), "postgres"),
        ("its connections are cut", "eight times, in the middle of a backlog", in_a_backlog(cut),
         "postgres"),
        ("its server hangs", "its processes are stopped, until uploads are held",
         in_a_backlog(hang), "postgres"),
        ("failover to a standby that lost claims", "two machines send what it has not heard of",
         failover, "postgres"),
        ("the disk there is full", "a file system of 150 MB is filled up, until uploads are held",
         full_disk, "postgres mount"),
        ("two machines of one name", "they share a backlog", namesakes, "postgres"),
        ("a machine is cloned", "after a SIGKILL in a backlog; both go on", clone, "postgres"),
        ("a machine's clock is an hour fast", "it shares a backlog with another", clock_off(HOUR),
         "postgres"),
        ("a machine's clock is an hour slow", "likewise", clock_off(-HOUR), "postgres"),
    )
)  # fmt: skip
