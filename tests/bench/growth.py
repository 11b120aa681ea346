"""Does a file cost more when the journal is longer? The same work in journals of four lengths."""

import os
import statistics
import tempfile
import time

from watcher.journal.reader import Reader
from watcher.journal.writer import Journal
from watcher.model import Candidate, Document, Profile, Route, Sign, Sniffed, Stat, State
from watcher.states import Step

LENGTHS = (1_000, 10_000, 100_000, 1_000_000)
DIRECTORIES = 1000
FOLDER = "/srv/cvs"
FILES = 300
PDF = Sniffed("application/pdf", ".pdf", "a PDF document", whole=True)
#: Files of the past: parsed, one in a hundred refused, each with its name, fingerprint and story.
PAST = """
WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < ?)
INSERT INTO files (directory_id, name, state, size, mtime_ns, noticed_at, changed_at, arrived_at,
                   media_type, sha256, account, source_key, reference, profile_name)
SELECT 1 + i % ?, CAST('cv ' || i || '.pdf' AS BLOB), iif(i % 100, 'parsed', 'refused'), 100000, i,
       i, i, i, 'application/pdf', lower(hex(randomblob(32))), 'default', 'source', 'r' || i,
       'Somebody ' || i
FROM number
"""


def fill(journal, length):
    for number in range(min(DIRECTORIES, length)):
        journal._directory(FOLDER, str(number).encode())
    journal.write(PAST, length, DIRECTORIES)
    journal.write("INSERT INTO names SELECT directory_id, name, size, mtime_ns, id FROM files")
    journal.write("INSERT INTO contents SELECT source_key, sha256, id FROM files")
    for state in ("noticed", "queued", "uploading", "parsed"):
        journal.write(
            "INSERT INTO events (file_id, at, state, why) SELECT id, noticed_at, ?, '' FROM files",
            state,
        )
    journal.commit()


def journey(journal, number, now):
    """All that is noted of one file on its way, with its two commits; gives seconds."""
    start = time.perf_counter()
    path = f"{FOLDER}/{number % DIRECTORIES}/new {number}.pdf"
    candidate, stat = Candidate(FOLDER, path, Sign.CLOSED), Stat(100_000, number)
    sha256 = os.urandom(32).hex()
    journal.find(FOLDER, path)
    file_id = journal.add(candidate, stat, now, State.NOTICED)
    journal.identify(file_id, Document(FOLDER, path, stat, sha256, PDF, "new.pdf"))
    journal.claim("source", sha256, file_id)
    journal.address(file_id, Route("default", "source", sha256), sha256, (("tags", "[]"),))
    journal.step(file_id, Step(State.QUEUED, due_at=now), now)
    (job,) = journal.due_jobs("default", now, 4, [FOLDER])
    journal.step(job.file_id, Step(State.UPLOADING), now)
    journal.next_due(now)
    journal.commit()
    journal.step(file_id, Step(State.PARSED), now)
    journal.profile(file_id, Profile("key", "Somebody", "somebody@example.org"))
    journal.next_due(now)
    journal.commit()
    for changed in journal.take_changed():
        journal.entry(changed)
    return time.perf_counter() - start


def timed(call, times=30):
    found = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def measure(length):
    with tempfile.TemporaryDirectory() as root:
        path = os.path.join(root, "journal.db")
        journal = Journal(path)
        fill(journal, length)
        now = float(length + 1)
        a_file = statistics.median(journey(journal, number, now) for number in range(FILES))
        reader = Reader(path)
        figures = {
            "a file's journey": a_file,
            "a directory in a walk": timed(lambda: reader.known(FOLDER, "7"))
            / (length / DIRECTORIES),
            "status": timed(lambda: status(reader)),
            "latest 50": timed(lambda: reader.history(limit=50)),
            "a file's story": timed(lambda: reader.story(length // 2)),
        }
        size = os.path.getsize(path)
        reader.close()
        journal.close()
    return figures, size


def status(reader):
    reader.counts()
    reader.arrived_on("2026-11-24")
    reader.held()
    reader.attention(20)


def main():
    print(f"\ngrowth: {FILES} files through a journal of so many rows; medians")
    found = [measure(length) for length in LENGTHS]
    print(f"  {'':24}" + "".join(f"{length:>12,}" for length in LENGTHS) + "   last/first")
    for name in found[0][0]:
        values = [figures[name] * 1e6 for figures, _ in found]
        cells = "".join(f"{value:>9.1f} µs" for value in values)
        note = " a name" if name.startswith("a directory") else ""
        print(f"  {name + note:24}{cells}   {values[-1] / values[0]:.2f}")
    print(f"  {'bytes a row':24}" + "".join(
        f"{size / length:>12.0f}" for (_, size), length in zip(found, LENGTHS, strict=True)
    ))  # fmt: skip
