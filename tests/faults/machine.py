"""What becomes of the machine."""

import contextlib
import os
import signal
import subprocess

from tests.faults.trial import Scenario
from watcher.model.errors import AlreadyRunningError, WatcherError
from watcher.model.settings import AfterUpload
from watcher.sandbox import Fault, Kind
from watcher.system.clock import RealClock

DAY = 86400.0


class SetClock(RealClock):
    """The real time, but that somebody sets the clock, or that the machine sleeps."""

    set_by = 0.0
    passed = 0.0

    def wall(self):
        return RealClock.wall() + self.set_by + self.passed

    def tick(self):
        return RealClock.tick() + self.passed


def clock_set(by):
    def run(trial):
        clock = SetClock()
        fault = Fault(kind=Kind.STATUS, status=429, retry_after="3", times=2)
        trial.sandbox.faults.set(fault)
        folder = trial.folder()
        trial.start(folder, clock=clock, parallel_uploads=2)
        trial.drop(folder, "a.pdf", "b.pdf")
        trial.until(lambda: trial.has("waiting"))
        clock.set_by = by
        trial.drop(folder, "c.pdf")

    return run


def full_disk(trial):
    disk = small_disk(trial, "4m")
    trial.places = type(trial.places)(os.path.join(disk, "state"))
    folder = trial.folder()
    trial.start(folder, retry_seconds=0.1)
    trial.drop(folder, "before.pdf")
    trial.until(lambda: len(trial.arrived()) == 1)
    filler = fill(disk)
    trial.drop(folder, *(f"{number}.pdf" for number in range(10)))
    trial.until(lambda: any("not full" in str(news) for news in trial.news))
    os.unlink(filler)


def full_target(trial):
    disk = small_disk(trial, "1m")
    filler = fill(disk)
    folder = trial.folder(after_upload=AfterUpload.MOVE, sent_folder=disk)
    trial.start(folder)
    trial.drop(folder, *(f"{number}.pdf" for number in range(3)))
    trial.until(lambda: any("could not be moved" in str(news) for news in trial.news))
    os.unlink(filler)
    trial.until(lambda: not os.listdir(folder.path))


def read_only(trial):
    disk = small_disk(trial, "4m")
    trial.places = type(trial.places)(os.path.join(disk, "state"))
    folder = trial.folder()
    trial.start(folder)
    trial.drop(folder, "before.pdf")
    trial.until(lambda: len(trial.at_rest()) == 1)
    trial.stop()
    remount(disk, "ro")
    trial.drop(folder, *(f"{number}.pdf" for number in range(10)))
    with contextlib.suppress(WatcherError):
        trial.start(folder)
        raise AssertionError("it started without a journal")
    trial.app = None
    remount(disk, "rw")
    trial.start(folder)


def remount(path, how):
    subprocess.run(["mount", "-o", f"remount,{how}", path], check=True, capture_output=True)


def asleep(trial):
    clock = SetClock()
    trial.sandbox.faults.set(Fault(kind=Kind.STATUS, status=429, retry_after="3000"))
    folder = trial.folder()
    trial.start(folder, clock=clock)
    trial.drop(folder, "a.pdf")
    trial.until(lambda: trial.has("waiting"))
    trial.sandbox.faults.clear()
    clock.passed = 3600.0
    trial.drop(folder, "b.pdf")


def lost_journal(trial):
    folder = trial.folder()
    trial.start(folder)
    trial.drop(folder, "a.pdf", "b.pdf")
    trial.until(lambda: len(trial.at_rest()) == 2)
    trial.stop()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(trial.places.journal + "-wal")
    with open(trial.places.journal, "r+b") as file:
        file.write(b"not a journal " * 1000)
    trial.start(folder)
    trial.until(lambda: trial.has("parsed", 2))
    trial.drop(folder, "c.pdf")


def terminated(trial):
    """SIGTERM in the middle of a backlog: a clean end, and the next run goes on."""
    desk = trial.desk()
    trial.sandbox.faults.set(Fault(kind=Kind.DELAY, delay=0.1))
    folder = trial.folder("desk/cvs")
    program = desk.start("run")
    program.wait_for("Watching")
    trial.drop(folder, *(f"{number}.pdf" for number in range(60)))
    trial.until(lambda: len(trial.arrived()) >= 8)
    assert program.end(signal.SIGTERM) == 0
    again = desk.start("run")
    trial.until(lambda: len(trial.arrived()) >= 60)
    assert again.end(signal.SIGTERM) == 0


def with_a_question(trial):
    """Return a desk whose program has uploaded 5 files and asks about 10 more, and the program."""
    desk = trial.desk("ask_above = 5")
    program = desk.start("run")
    program.wait_for("Watching")
    trial.until(desk.has_scanned)
    folder = trial.folder("desk/cvs")
    trial.drop(folder, *(f"first {number}.pdf" for number in range(5)))
    trial.until(lambda: len(trial.arrived()) == 5)
    trial.drop(folder, *(f"{number}.pdf" for number in range(10)))
    trial.until(lambda: [*trial.states().values()].count("held") == 10)
    return desk, program


def killed_while_asking(trial):
    """Nothing is uploaded without a yes, which a later run still waits for."""
    desk, program = with_a_question(trial)
    program.end(signal.SIGKILL)
    again = desk.start("run")
    again.wait_for("Watching")
    trial.drop(trial.folder("desk/cvs"), "late.pdf")
    trial.until(lambda: [*trial.states().values()].count("held") == 11)
    assert len(trial.arrived()) == 5
    desk.run("approve", str(desk.folder))
    trial.until(lambda: len(trial.arrived()) >= 16)
    again.end()


def killed_after_the_yes(trial):
    """A yes counts, even if nothing was uploaded since."""
    desk, program = with_a_question(trial)
    desk.run("pause")
    desk.run("approve", str(desk.folder))
    program.end(signal.SIGKILL)
    assert len(trial.arrived()) == 5
    again = desk.start("run")
    again.wait_for("Watching")
    desk.run("resume")
    trial.until(lambda: len(trial.arrived()) >= 15)
    again.end()


def two_at_once(trial):
    folder = trial.folder()
    trial.start(folder)
    first = trial.app
    with contextlib.suppress(AlreadyRunningError):
        trial.start(folder)
        raise AssertionError("a second one runs")
    trial.app = first
    trial.drop(folder, "a.pdf")


def small_disk(trial, size):
    path = trial.root / "small"
    path.mkdir()
    made = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
    subprocess.run(made, check=True, capture_output=True)
    trial.undo.append(lambda: subprocess.run(["umount", "-l", path], check=False))
    return str(path)


def fill(directory):
    path = os.path.join(directory, "filler")
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return path


SCENARIOS = (
    Scenario("the clock is set back a day", "while files wait", clock_set(-DAY)),
    Scenario("the clock is set forward a day", "while files wait", clock_set(DAY)),
    Scenario("the disk under the journal is full", "a file system of 4 MB is filled up",
             full_disk, needs="mount"),
    Scenario("the program's own folder is read-only", "at a start, which says so; not at the next",
             read_only, needs="mount"),
    Scenario("the machine sleeps for an hour", "while a file waits; the clock is the test's",
             asleep),
    Scenario("the disk that sent files go to is full", "a file system of 1 MB is filled up",
             full_target, needs="mount"),
    Scenario("the journal is damaged", "its pages are overwritten", lost_journal),
    Scenario("SIGTERM in the middle of a backlog", "60 files at four at a time", terminated),
    Scenario("SIGKILL while files wait for a yes", "5 were sent, 10 wait; the next run waits too",
             killed_while_asking),
    Scenario("SIGKILL after the yes", "it was given in a pause, so nothing was sent yet",
             killed_after_the_yes),
    Scenario("two instances at once", "the second says who runs", two_at_once),
)  # fmt: skip
