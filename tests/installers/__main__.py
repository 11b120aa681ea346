"""``python -m tests.installers [--base FOLDER] [--keep] OLD.deb NEW.deb``, as root.

Installs OLD in a clean Debian, has a CV uploaded to a sandbox, upgrades to NEW with configuration
and journal in place, and purges it. Two packages of the same sources are made with

    installers/build.py --target deb --suffix '~before' && installers/build.py --target deb
"""

import argparse
import hashlib
import os
import sys
import tempfile
import time

from tests.installers.root import HOME, MIRROR, Root
from watcher import sandbox as sb

NAME = "hrflow-watcher"
SAMPLES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "samples")
CV, OTHER = "Aisha Rahman - CV.pdf", "soren_agard.odt"
PORT = 18765
CONFIG = f"""
[account]
email = "{sb.EMAIL}"
api_url = "http://127.0.0.1:{PORT}/v1"

[[folders]]
path = "~/CVs"
source_key = "{sb.ENGINEERING.key}"
settle_seconds = 0.3
"""
#: What a package may leave behind: what the person has, what the system keeps for itself.
OTHERS = ("/home", "/proc", "/var", "/etc", "/tmp", "/run", "/dev", "/sys", "/root")


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.installers", description=__doc__)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--suite", default="bookworm")
    parser.add_argument("--mirror", default=MIRROR)
    parser.add_argument("--base", default="", help="a root made by debootstrap, to be copied")
    parser.add_argument("--keep", action="store_true", help="leave the root for a look")
    chosen = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="hrflow-root-")
    root = Root.make(os.path.join(folder, "root"), chosen.suite, chosen.mirror, chosen.base)
    try:
        check(root, chosen.old, chosen.new)
    finally:
        root.end()
        if chosen.keep:
            say(f"The root is {root.folder}")
        else:
            root.remove()
            os.rmdir(folder)
    return 0


def check(root, old, new):
    """The life of a package, with a person who uses it."""
    before = snapshot(root)
    install(root, old)
    said = root.run_as_person(f"{NAME} --version").strip()
    done(f"installed and started: {said}, {root.run('dpkg-query', '-W', NAME).split()[1]}")
    compiled = root.run("find", f"/opt/{NAME}", "-name", "__main__*.pyc")
    assert compiled.strip(), "nothing was compiled at installation"
    check_beside(root)
    check_try(root)
    sandbox = root.start_as_person(f"{NAME} sandbox --port {PORT}")
    sandbox.wait_for("127.0.0.1")
    write_config(root)
    use(root, OTHER)
    kept = fingerprints(root)
    install(root, new)
    assert fingerprints(root) == kept, "configuration or journal were touched by the upgrade"
    done(f"upgraded to {root.run('dpkg-query', '-W', NAME).split()[1]}: both are as they were")
    check_duplicate(root)  # a journal of an older version is brought up to date at the start
    history = root.run_as_person(f"{NAME} history --json")
    assert OTHER in history, history
    done("the history still knows what was uploaded before")
    kept = fingerprints(root)
    root.run("dpkg", "--purge", NAME)
    left = sorted(snapshot(root) - before)
    assert not left, f"left after the purge: {left[:20]}"
    assert root.run("sh", "-c", f"dpkg-query -W {NAME} 2>/dev/null || true").strip() == ""
    assert fingerprints(root) == kept, "a person's files were touched by the purge"
    done("purged: no file of it is left, the person's configuration and journal are")


def install(root, package):
    target = root.path("/tmp/package.deb")
    with open(package, "rb") as source, open(target, "wb") as copy:
        copy.write(source.read())
    began = time.monotonic()
    root.run("dpkg", "--install", "/tmp/package.deb")
    os.remove(target)
    say(f"  dpkg took {time.monotonic() - began:.1f} s")


def check_beside(root):
    """What people find without starting it."""
    for path in (
        f"/usr/share/man/man1/{NAME}.1.gz", f"/usr/share/applications/{NAME}.desktop",
        f"/usr/lib/systemd/user/{NAME}.service",
        f"/usr/share/icons/hicolor/scalable/apps/{NAME}.svg",
        f"/usr/share/zsh/vendor-completions/_{NAME}",
        f"/usr/share/fish/vendor_completions.d/{NAME}.fish",
    ):  # fmt: skip
        assert os.path.isfile(root.path(path)), path
    script = (
        f"source /usr/share/bash-completion/completions/{NAME}; COMP_WORDS=({NAME} hist); "
        f"COMP_CWORD=1; _hrflow_watcher_completion {NAME}; echo ${{COMPREPLY[*]}}"
    )
    said = root.run("bash", "-c", script).strip()
    assert said.endswith("history"), said
    done("man page, menu entry, unit, icon and completion are there; bash completes: " + said)


def check_try(root):
    """The main job without an account."""
    root.run_as_person("mkdir -p Rehearsal CVs")
    rehearsal = root.start_as_person(f"{NAME} try ~/Rehearsal")
    rehearsal.wait_for("Rehearsal")
    root.give_person(os.path.join(SAMPLES, CV), f"{HOME}/Rehearsal/{CV}")
    done("try: " + rehearsal.wait_for("HrFlow has it").strip())
    rehearsal.end()


def write_config(root):
    path = root.path(f"{HOME}/.config/{NAME}/config.toml")
    root.run_as_person(f"mkdir -p ~/.config/{NAME}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(CONFIG)
    said = root.run_as_person(f"{NAME} config check")
    done("configuration: " + said.strip().splitlines()[0])


def use(root, name):
    """The program as it runs every day, until one file has arrived."""
    running = root.start_as_person(f"env HRFLOW_API_KEY={sb.READ_WRITE_KEY} {NAME} run")
    root.give_person(os.path.join(SAMPLES, name), f"{HOME}/CVs/{name}")
    done("run: " + running.wait_for(name).strip())
    wait_for_state(root, name, ("accepted", "parsed"))
    running.end()


def check_duplicate(root):
    """The newer version goes on with the older one's journal: nothing is sent twice."""
    running = root.start_as_person(f"env HRFLOW_API_KEY={sb.READ_WRITE_KEY} {NAME} run")
    root.give_person(os.path.join(SAMPLES, OTHER), f"{HOME}/CVs/again.odt")
    wait_for_state(root, "again.odt", ("duplicate",))
    root.give_person(os.path.join(SAMPLES, CV), f"{HOME}/CVs/{CV}")
    wait_for_state(root, CV, ("accepted", "parsed"))
    running.end()
    done("the upgraded program sends what is new, and knows what it has sent")


def wait_for_state(root, name, states, within=120):
    deadline = time.monotonic() + within
    said = ""
    while time.monotonic() < deadline:
        # While the journal is being made, `history` says that there is none and ends with 6.
        said = root.run_as_person(f"{NAME} history --json", code=None)
        lines = [line for line in said.splitlines() if name in line]
        if any(f'"{state}"' in line for line in lines for state in states):
            return
        time.sleep(0.5)
    raise AssertionError(f"{name} never was {states}: {said}")


def fingerprints(root):
    """The person's configuration and journal."""
    found = {}
    for folder in (f"{HOME}/.config/{NAME}", f"{HOME}/.local/state/{NAME}"):
        for at, _, names in os.walk(root.path(folder)):
            for name in names:
                if name in ("config.toml", "journal.db"):
                    with open(os.path.join(at, name), "rb") as file:
                        found[name] = hashlib.sha256(file.read()).hexdigest()
    assert sorted(found) == ["config.toml", "journal.db"], found
    return found


def snapshot(root):
    """Every path that belongs to the system's packages."""
    found = set()
    for at, folders, names in os.walk(root.folder):
        inside = at.removeprefix(root.folder) or "/"
        folders[:] = [name for name in folders if os.path.join(inside, name) not in OTHERS]
        found.update(os.path.join(inside, name) for name in (*folders, *names))
    return found


def done(text):
    say(f"✓ {text}")


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
