"""What becomes of folders while they are watched."""

import os
import pathlib
import shutil
import subprocess

from tests.faults.trial import Scenario
from tests.support.desk import Process
from watcher.model.files import FolderState


def problem(trial):
    """What was last said of the folder; "" if all is well."""
    said = [news.problem for news in trial.news if isinstance(news, FolderState)]
    return said[-1] if said else ""


def missing_at_start(trial):
    folder = trial.folder()
    away = folder.path + " away"
    os.rename(folder.path, away)
    other = trial.folder("other")
    trial.app = None
    trial.start_without_waiting(folder, other)
    trial.drop(other, "other.pdf")
    trial.until(lambda: problem(trial) or len(trial.arrived()) == 1)
    os.rename(away, folder.path)
    trial.drop(folder, "a.pdf")


def deleted(trial):
    folder = trial.folder()
    trial.start(folder)
    trial.drop(folder, "a.pdf")
    trial.until(lambda: len(trial.arrived()) == 1)
    shutil.rmtree(folder.path)
    trial.until(lambda: problem(trial))
    os.mkdir(folder.path)
    trial.drop(folder, "b.pdf")


def renamed(trial):
    folder = trial.folder()
    trial.start(folder)
    trial.drop(folder, "a.pdf")
    trial.until(lambda: len(trial.arrived()) == 1)
    away = folder.path + " away"
    os.rename(folder.path, away)
    trial.until(lambda: problem(trial))
    os.rename(away, folder.path)
    trial.drop(folder, "b.pdf")


def replaced_by_a_link(trial):
    folder = trial.folder()
    trial.start(folder)
    away, outside = folder.path + " away", trial.root / "outside"
    outside.mkdir()
    (outside / "secret.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    os.rename(folder.path, away)
    os.symlink(outside, folder.path)
    trial.until(lambda: problem(trial))
    os.unlink(folder.path)
    os.rename(away, folder.path)
    trial.drop(folder, "a.pdf")


def unmounted(trial):
    folder = trial.folder()
    _mount("tmpfs", folder.path)
    trial.undo.append(lambda: _unmount(folder.path))
    trial.start(folder)
    trial.drop(folder, "a.pdf")
    trial.until(lambda: len(trial.arrived()) == 1)
    _unmount(folder.path)
    _mount("tmpfs", folder.path)
    trial.drop(folder, "b.pdf")


def moved_in_whole(trial):
    folder = trial.folder()
    trial.start(folder)
    tree = trial.root / "tree"
    for at in ("", "x", "x/y", "x/y/z"):
        (tree / at).mkdir(parents=True, exist_ok=True)
        place = trial.folder(f"tree/{at}")
        trial.drop(place, *(f"{at.replace('/', '-')}{number}.pdf" for number in range(5)))
    os.rename(tree, os.path.join(folder.path, "tree"))


def made_and_filled(trial):
    folder = trial.folder()
    trial.start(folder)
    for number in range(30):
        place = trial.folder(f"cvs/{number}")
        trial.drop(place, f"{number}.pdf")


def overflown(trial):
    """The kernel's queue of events is made small, so that most of a burst is not told."""
    limit = pathlib.Path("/proc/sys/fs/inotify/max_queued_events")
    usual = limit.read_text()
    folder = trial.folder(ask_above=0)
    limit.write_text("16")  # holds for those who begin to watch from now on
    try:
        trial.start(folder)
    finally:
        limit.write_text(usual)
    trial.drop(folder, *(f"{number}.pdf" for number in range(1000)))


def limited(trial):
    """The system gives fewer watches than there are directories."""
    desk = trial.desk("poll_seconds = 0.2")
    for number in range(50):
        (desk.folder / str(number)).mkdir()
    shell = 'echo 20 > /proc/sys/user/max_inotify_watches; exec "$@"'
    apart = ["unshare", "--user", "--map-root-user", "sh", "-c", shell, "sh"]
    program = Process([*apart, *desk.command("run")], desk.environ())
    trial.undo.append(program.end)
    program.wait_for("raise fs.inotify.max_user_watches")
    for number in range(50):
        trial.drop(trial.folder(f"desk/cvs/{number}"), f"{number}.pdf")
    trial.until(lambda: len(trial.arrived()) >= 50)
    program.end()


def _mount(what, where, *options):
    kind = options or ("-t", "tmpfs")
    subprocess.run(["mount", *kind, what, where], check=True, capture_output=True)


def _unmount(where):
    subprocess.run(["umount", "-l", where], check=False, capture_output=True)


SCENARIOS = (
    Scenario("a folder is missing at the start", "it is renamed before, and back after",
             missing_at_start),
    Scenario("a folder is deleted", "and made again", deleted),
    Scenario("a folder is renamed", "and back", renamed),
    Scenario("a folder is replaced by a link", "to a folder with a file that must not leave",
             replaced_by_a_link),
    Scenario("a drive is unmounted", "and another mounted in its place", unmounted, needs="mount"),
    Scenario("events are lost", "1,000 files, and a kernel that keeps 16 events", overflown,
             needs="root"),
    Scenario("watches run out", "20 allowed, 50 folders: it is said, and they are looked through",
             limited, needs="unshare"),
    Scenario("a tree is moved in", "20 files in nested folders by one rename", moved_in_whole),
    Scenario("folders are made and filled at once", "30 times", made_and_filled),
)  # fmt: skip
