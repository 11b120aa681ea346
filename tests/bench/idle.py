"""Watching 100 folders with 10,000 files while nothing happens: CPU, wake-ups, memory.

With and without an icon, beside Syncthing with the same folders (its network switched off) and
inotifywait, all in the same minutes. What is counted in ``--seconds`` is told by the hour.
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time
import urllib.request

from tests.bench import proc
from tests.bench.program import DESKTOP, Program, learn, place, plant
from tests.bench.rows import Row

TITLE = "idle"
FOLDERS, FILES = 100, 10_000
HOUR = 3600.0
#: Seconds that everybody is given to come to rest first.
CALM = 10.0


def trees(root, name, folders, files):
    found = []
    for number in range(folders):
        path = os.path.join(root, name, str(number))
        os.makedirs(path)
        plant(path, 1, files // folders)
        found.append(path)
    return found


@contextlib.contextmanager
def ours(root, folders, **more):
    os.makedirs(root)
    learn(os.path.join(root, "state"), folders)
    with Program(root, folders, **more) as program:
        yield program.pid


@contextlib.contextmanager
def with_icon(root, folders, kind):
    """On a screen of our own, with Xfce's panel for StatusNotifier or trayer for plain X11."""
    from tests.support.desktop import XFCONF, Bus, Screen, Trayer, XfcePanel  # noqa: PLC0415 - needs more

    os.makedirs(root)
    there = pathlib.Path(root)
    with contextlib.ExitStack() as undo:
        screen = Screen(there)
        undo.callback(screen.close)
        env = {"DISPLAY": screen.display}
        if kind == "StatusNotifier":
            bus = Bus(there, [XFCONF])
            undo.callback(bus.close)
            env["DBUS_SESSION_BUS_ADDRESS"] = bus.address
            panel = XfcePanel(there, screen, bus)
        else:
            panel = Trayer(screen)
        undo.callback(panel.kill)
        pid = undo.enter_context(
            ours(os.path.join(root, "ours"), folders, arguments=("--tray",), env=env)
        )
        deadline = time.monotonic() + 30
        while len(proc.family(pid)) < 2:
            assert time.monotonic() < deadline, "there is no icon"
            threading.Event().wait(0.1)
        yield pid


@contextlib.contextmanager
def inotifywait(folders):
    process = subprocess.Popen(
        ["inotifywait", "-m", "-q", "-r", *folders], stdout=subprocess.DEVNULL
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def syncthing(root, folders):
    """With its network switched off: nothing leaves this machine, and nothing is looked for."""
    home = os.path.join(root, "syncthing")
    env = {**{k: v for k, v in os.environ.items() if k not in DESKTOP}, "HOME": root,
           "STNORESTART": "1", "STNOUPGRADE": "1"}  # fmt: skip
    subprocess.run(["syncthing", "generate", "--home", home], env=env, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    path = os.path.join(home, "config.xml")
    with open(path, encoding="utf-8") as file:
        config = file.read()
    device = re.search(r'<device id="([^"]+)"', config)[1]
    port = re.search(r"<address>127\.0\.0\.1:(\d+)</address>", config)[1]
    key = re.search(r"<apikey>([^<]+)</apikey>", config)[1]
    for name in ("globalAnnounceEnabled", "localAnnounceEnabled", "relaysEnabled", "natEnabled",
                 "crashReportingEnabled", "startBrowser"):  # fmt: skip
        config = re.sub(rf"<{name}>true</{name}>", f"<{name}>false</{name}>", config)
    config = re.sub(r"<listenAddress>[^<]*<", "<listenAddress>tcp://127.0.0.1:0<", config)
    config = re.sub(r"<urAccepted>-?\d+<", "<urAccepted>-1<", config)
    config = re.sub(r"<folder .*?</folder>", "", config, count=1, flags=re.DOTALL)
    added = "".join(
        f'<folder id="f{number}" label="" path="{folder}" type="sendreceive" '
        f'rescanIntervalS="3600" fsWatcherEnabled="true"><device id="{device}"></device></folder>'
        for number, folder in enumerate(folders)
    )
    for folder in folders:
        os.mkdir(os.path.join(folder, ".stfolder"))
    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub(r"(<configuration[^>]*>)", rf"\1{added}", config, count=1))
    process = subprocess.Popen(["syncthing", "serve", "--home", home, "--no-browser"], env=env,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        _until_idle(port, key, [f"f{number}" for number in range(len(folders))])
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def _until_idle(port, key, names):
    deadline = time.monotonic() + 120
    for name in names:
        while True:
            assert time.monotonic() < deadline, "Syncthing never came to rest"
            with contextlib.suppress(OSError):
                request = urllib.request.Request(
                    f"http://127.0.0.1:{port}/rest/db/status?folder={name}",
                    headers={"X-API-Key": key},
                )
                with urllib.request.urlopen(request, timeout=10) as answer:
                    if b'"state": "idle"' in answer.read():
                        break
            threading.Event().wait(0.2)


def icons():
    """The kinds of icons that can be had here."""
    needed = {"X11": ("Xvfb", "trayer"), "StatusNotifier": ("Xvfb", "xfce4-panel", "dbus-daemon")}
    return tuple(kind for kind, programs in needed.items() if all(map(shutil.which, programs)))


def count(pid):
    """CPU seconds and wake-ups of a process and its children so far."""
    family = proc.family(pid)
    return sum(map(proc.fine_cpu, family)), sum(map(proc.wake_ups, family))


def weigh(pid):
    """Bytes resident (shared pages of several processes once), and private ones."""
    sizes = [proc.memory(each) for each in proc.family(pid)]
    resident = sizes[0][0] if len(sizes) == 1 else sum(size[1] for size in sizes)
    return resident, sum(size[2] for size in sizes)


def measure(options):
    folders, files = options.size(FOLDERS, 5), options.size(FILES, 50)
    seconds = options.size(options.seconds, min(options.seconds, 3.0))
    with place() as root, contextlib.ExitStack() as undo:
        mine = trees(root, "cvs", folders, files)
        pids = {"ours": undo.enter_context(ours(os.path.join(root, "without"), mine))}
        for name in icons():
            at = os.path.join(root, name)
            pids[f"ours, {name} icon"] = undo.enter_context(with_icon(at, mine, name))
        if shutil.which("inotifywait"):
            pids["inotifywait"] = undo.enter_context(inotifywait(mine))
        if shutil.which("syncthing"):
            theirs = trees(root, "synced", folders, files)
            pids["Syncthing"] = undo.enter_context(syncthing(root, theirs))
        threading.Event().wait(options.size(CALM, 1.0))
        before = {name: count(pid) for name, pid in pids.items()}
        threading.Event().wait(seconds)
        found = {}
        for name, pid in pids.items():
            after = count(pid)
            found[name] = (
                (after[0] - before[name][0]) * HOUR / seconds,
                (after[1] - before[name][1]) / seconds,
                *weigh(pid),
            )
    yield from rows(found, f"{seconds:g} s, {folders} folders, {files:,} files")


def rows(found, runs):
    others = [name for name in ("Syncthing", "inotifywait") if name in found]

    def theirs(number, form):
        return ", ".join(f"{name} {form(found[name][number])}" for name in others)

    for name, allowed in (("ours", 45), ("ours, X11 icon", 60), ("ours, StatusNotifier icon", 60)):
        if name in found:
            cpu, wakes, resident, private = found[name]
            which = name.removeprefix("ours").replace(", ", ", with its ")
            for what, ours_text, peer, value, target, unit in (
                ("CPU", f"{cpu:.2f} s an hour", theirs(0, "{:.1f} s".format), cpu, 1.5, "s"),
                ("wake-ups", f"{wakes:.2f} a second", theirs(1, "{:.1f}".format), wakes, 1, "/s"),
                ("memory", f"{resident / 1e6:.0f} MB, {private / 1e6:.0f} MB of its own",
                 theirs(2, lambda size: f"{size / 1e6:.0f} MB"), resident / 1e6, allowed, "MB"),
            ):  # fmt: skip
                yield Row("idle", f"idle{which}: {what}", ours_text, peer or "nobody to compare",
                          value, target, unit=unit, runs=runs)  # fmt: skip
