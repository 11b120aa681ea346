"""The shared ledger: claims a second, a claim for a lone file, and machines that share a folder."""

import contextlib
import hashlib
import pathlib
import tempfile
import time
import uuid

from tests.bench.common import BareServer
from tests.bench.proc import processor
from tests.bench.rows import Row, median
from tests.support.postgres import program, running_cluster
from tests.support.waiting import wait_until
from watcher.model.ledger import Content, Record, Standing

TITLE = "several machines with a shared ledger"
CONTENTS, QUICK = 20_000, 2_000
#: Contents in one statement, and lone files.
BATCH, LONE = 64, 200
#: Processes, each with its own state; files for each; seconds until the server answers.
MACHINES, FILES, DELAY = (1, 2, 4, 8), 2_500, 0.3
QUICK_MACHINES, QUICK_FILES = (1, 2), 200
#: How busy the processor is, of all there is, where it is the limit.
BUSY = 0.9
ACCOUNT = "parallel_uploads = 16\nfollow_up_share = 0"


def measure(options):
    if not program("initdb"):
        print("  skipped: PostgreSQL is not installed")
        return
    with running_cluster() as cluster:
        yield from statements(cluster, options.size(CONTENTS, QUICK))
        machines = options.size(MACHINES, QUICK_MACHINES)
        yield from shared_folder(cluster, machines, options.size(FILES, QUICK_FILES))


def statements(cluster, number):
    """How fast the database is by itself, with what each upload asks and tells it."""
    from tests.support.share import set_up  # noqa: PLC0415 - psycopg need not be installed
    from watcher.ledger import claims  # noqa: PLC0415
    from watcher.ledger.connection import connected  # noqa: PLC0415

    url = cluster.new_database()
    set_up(url)
    contents = [Content(bytes(16), hashlib.sha256(b"%d" % each).digest()) for each in range(number)]
    with connected(url, "") as connection:
        session = claims.begin_session(connection, uuid.uuid4(), "bench", "1")
        began = time.perf_counter()
        for start in range(0, number, BATCH):
            some = contents[start : start + BATCH]
            found = claims.claim(connection, session, some, BATCH)
            assert all(each.standing is Standing.OURS for each in found)
        claimed = time.perf_counter() - began
        for start in range(0, number, BATCH):
            claims.record(connection, session, [Record(c) for c in contents[start : start + BATCH]])
        recorded = time.perf_counter() - began - claimed
        connection.execute("CREATE TABLE written (number integer)")
        lone, bare = [], []
        for each in range(LONE):
            content = Content(bytes(16), hashlib.sha256(b"lone %d" % each).digest())
            began = time.perf_counter()
            claims.claim(connection, session, [content], 1)
            lone.append((time.perf_counter() - began) * 1000)
            began = time.perf_counter()
            connection.execute("INSERT INTO written VALUES (1)")
            bare.append((time.perf_counter() - began) * 1000)
    yield Row(
        "ledger", f"claims a second, {BATCH} in a statement", f"{number / claimed:,.0f}",
        f"recorded: {number / recorded:,.0f} a second", number / claimed, 5000, at_most=False,
        unit="/s", beside="recorded",
    )  # fmt: skip
    yield Row(
        "ledger", "a claim for a lone file", f"{median(lone):.2f} ms",
        f"a bare INSERT: {median(bare):.2f} ms", median(lone), 2.0, unit="ms", beside="INSERT",
    )  # fmt: skip


def shared_folder(cluster, machines, files):
    """Machines on one folder, against as many times one machine."""
    alone = 0.0
    for number in machines:
        rate, busy = uploads_a_second(cluster, number, files * number)
        alone = alone or rate
        is_limit = busy >= BUSY
        runs = f"the processor {'is the limit' if is_limit else 'has room'}: {busy:.0%} busy"
        yield Row(
            "ledger", f"uploads a second, {number} machines on one folder", f"{rate:.0f}",
            f"{number} × one machine: {alone * number:.0f}", rate / (alone * number),
            None if is_limit else 0.9, at_most=False, runs=runs, beside="the sum",
        )  # fmt: skip


def uploads_a_second(cluster, machines, files):
    """Uploads a second from the first request to the last, and how busy the processor was."""
    from tests.support.share import Share, set_up  # noqa: PLC0415 - psycopg need not be installed

    url = cluster.new_database()
    set_up(url)
    with (
        tempfile.TemporaryDirectory() as root,
        contextlib.closing(BareServer(DELAY)) as server,
        contextlib.closing(Share(pathlib.Path(root), url, server)) as share,
    ):
        for desk in [share.desk(account=ACCOUNT, folder="ask_above = 0") for _ in range(machines)]:
            desk.start("run").wait_for("Watching")  # else so many files would need approval
        share.drop(files)
        server.wait_for(1)
        before = processor()
        server.wait_for(files, within=1800)
        used, there = (after - each for after, each in zip(processor(), before, strict=True))
        times = server.arrivals
        assert wait_until(lambda: share.is_done(files), within=600)
    assert len(times) == files, "a content was sent twice"
    return files / (times[-1] - times[0] + DELAY), used / there
