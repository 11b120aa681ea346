"""What earlier versions have left: journals and configurations. Run it before a release.

    python -m tests.support.earlier_versions

writes the journal of this version into ``tests/journals`` if there is none yet, and what each
configuration in ``tests/configs`` means, where that is not known yet. What was released is not
changed any more.
"""

import json
import os
import sqlite3
import sys
import tempfile

import msgspec

from watcher.config import load
from watcher.journal.schema import VERSION
from watcher.journal.writer import Journal

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONFIGS = os.path.join(ROOT, "tests", "configs")
JOURNALS = os.path.join(ROOT, "tests", "journals")
NAMES = sorted(name.removesuffix(".toml") for name in os.listdir(CONFIGS) if name.endswith(".toml"))
#: Rows for tables that would be empty otherwise; one line for each table that a version has added.
MORE = """
INSERT OR IGNORE INTO follow_ups VALUES (1, 'default', 'source-1', 'ref-1', 1790000002.0, 1790000007.0, 2, '');
INSERT OR IGNORE INTO sources VALUES ('default', 'source-1', 'Engineering', 0, 1790000000.0);
INSERT OR IGNORE INTO webhook_events VALUES (x'00ff', 1790000000.0);
INSERT OR IGNORE INTO early_events VALUES (x'01ff', 'ref-9', 'source-1', 'profile.parsing.success', 'key-9', '', 1790000000.0);
INSERT OR IGNORE INTO hooks VALUES (2, 'parsed');
INSERT OR IGNORE INTO facts VALUES ('paused_until', 0.0);
UPDATE folders SET imported = '{"path":"/home/jane/cvs"}' WHERE id = 1;
UPDATE files SET filing_target = x'2f73656e742f323032362d31312d3238' WHERE id = 1;
UPDATE files SET pages = 2, total_pages = 3, probable = 1, resends = 1 WHERE id = 2;
"""


def make_journal(path, version):
    """A journal as a program of that version has left it."""
    with open(os.path.join(JOURNALS, f"version-{version}.sql"), encoding="utf-8") as file:
        text = file.read()
    connection = sqlite3.connect(path)
    connection.executescript(text)
    connection.close()


def read_config(name):
    """What a configuration means, as plain values."""
    path = os.path.join(CONFIGS, f"{name}.toml")
    loaded = load(path, environ={"CVS": "/srv/cvs"}, home="/home/jane")
    return json.loads(msgspec.json.encode(loaded.config))


def dump_journal():
    """The journal of this version as SQL: that of the version before, brought up to date."""
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, "journal.db")
        make_journal(path, VERSION - 1)
        Journal(path).close()
        connection = sqlite3.connect(path)
        connection.executescript(MORE)
        lines = [*connection.iterdump(), f"PRAGMA user_version = {VERSION};"]
        connection.close()
    head = (
        f"-- What a journal of version {VERSION} held. Written by its own code; not to be changed."
    )
    return "\n".join([head, *lines, ""])


def main():
    """Write what is missing."""
    wanted = {os.path.join(JOURNALS, f"version-{VERSION}.sql"): dump_journal}
    for name in NAMES:
        meant = json.dumps(read_config(name), indent=1, ensure_ascii=False) + "\n"
        wanted[os.path.join(CONFIGS, f"{name}.json")] = lambda meant=meant: meant
    for path, make in wanted.items():
        if not os.path.exists(path):
            with open(path, "w", encoding="utf-8") as file:
                file.write(make())
            sys.stdout.write(f"{os.path.relpath(path, ROOT)}\n")


if __name__ == "__main__":
    main()
