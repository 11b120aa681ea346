"""The journal on real files: what it keeps, what it refuses, and that its counts are true."""

import os
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.journal import FOLDER, add, queue
from watcher.i18n.message import from_json, msg, verbatim
from watcher.journal import history
from watcher.journal.history import Filter
from watcher.journal.reader import Reader
from watcher.journal.schema import VERSION
from watcher.journal.writer import Journal
from watcher.model.entries import Stat
from watcher.model.errors import JournalError
from watcher.model.holds import existing_key, hold_key
from watcher.model.kinds import Cause, State
from watcher.model.lifecycle import TRANSITIONS, Step
from watcher.model.uploads import Profile, Route

ROUTE = Route("default", "source", "ref")


@pytest.fixture
def read(path):
    made = []

    def open_reader():
        made.append(Reader(path))
        return made[-1]

    yield open_reader
    for reader in made:
        reader.close()


def test_it_is_for_its_owner_alone(journal, path):
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700


def test_it_survives_a_power_cut_as_far_as_a_program_can_say(journal):
    assert journal.store.read("PRAGMA journal_mode")[0] == "wal"
    assert journal.store.read("PRAGMA synchronous")[0] == 2


@pytest.mark.parametrize("name", ["a.pdf", "x/y/ü.pdf", "bad\udcff.pdf", "new\nline.pdf", "陈.png"])
def test_names_of_every_kind_come_back(journal, name):
    file_id = add(journal, name)
    assert journal.store.entry(file_id).path == f"{FOLDER}/{name}"
    known = journal.names.find(FOLDER, f"{FOLDER}/{name}")
    assert (known.file_id, known.stat) == (file_id, Stat(10, 20, 30, 2**64 - 1))


READ_ALL = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM files").fetchone()[0])
connection.close()
"""


def count_elsewhere(path):
    """What another process reads, which would remove the log if it were the last to use it."""
    done = subprocess.run(
        [sys.executable, "-c", READ_ALL, path], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_opening_it_once_more_does_not_take_it_from_those_who_use_it(journal, path):
    add(journal, "a.pdf")
    journal.commit()
    Journal(path).close()
    assert count_elsewhere(path) == 1
    add(journal, "b.pdf")
    journal.commit()
    assert count_elsewhere(path) == 2


def test_what_was_not_committed_was_not(path):
    journal = Journal(path)
    add(journal, "kept.pdf")
    journal.commit()
    add(journal, "lost.pdf")
    journal.close()
    again = Journal(path)
    assert again.names.find(FOLDER, f"{FOLDER}/kept.pdf")
    assert again.names.find(FOLDER, f"{FOLDER}/lost.pdf") is None
    again.close()


@pytest.mark.parametrize("before", list(State))
def test_only_allowed_steps_are_taken(journal, before):
    for after in State:
        file_id = add(journal, f"{before}-{after}.pdf", state=before)
        if after in TRANSITIONS[before]:
            journal.files.step(file_id, Step(after), 2.0)
            assert journal.files.state(file_id) is after
        else:
            with pytest.raises(JournalError):
                journal.files.step(file_id, Step(after), 2.0)
            assert journal.files.state(file_id) is before


def story(journal, file_id):
    journal.commit()  # events are written with it
    query = "SELECT state, why FROM events WHERE file_id = ? ORDER BY id"
    return [(state, str(from_json(why))) for state, why in journal.store.all(query, file_id)]


def held_and_let_go(journal):
    queue(journal, "a.pdf"), queue(journal, "b.pdf")
    return journal.holds.release(
        journal.holds.hold(Cause.ACCOUNT, "default", "", verbatim("bad"), 2.0), 3.0
    )


def held_and_probed(journal):
    queue(journal, "a.pdf"), queue(journal, "b.pdf")
    journal.holds.hold(Cause.ACCOUNT, "default", "", verbatim("bad key"), 2.0)
    journal.holds.probe(journal.holds.active()[0], 3.0, {FOLDER})


def taken(journal):
    add(journal, "a.pdf", State.HELD, existing_key(FOLDER))
    add(journal, "in/b.pdf", State.HELD, existing_key(FOLDER))
    journal.approvals.approve_below(f"{FOLDER}/in", 2.0)
    journal.approvals.approve_below(FOLDER, 2.0)


def skipped(journal):
    add(journal, "a.pdf", State.HELD, existing_key(FOLDER))
    journal.approvals.skip_existing(existing_key(FOLDER), 2.0)


def read_again(journal):
    journal.folders.reroute(FOLDER, "one", 1.0)
    queue(journal, "a.pdf"), add(journal, "b.pdf", State.REFUSED)
    journal.folders.reroute(FOLDER, "two", 2.0)


def left(journal):
    journal.folders.reroute(FOLDER, "one", 1.0)
    queue(journal, "a.pdf"), add(journal, "b.pdf")
    journal.folders.set_watched((), 2.0)
    return journal.files.step(queue_of(journal, "b.pdf"), Step(State.NOTICED), 3.0)


def queue_of(journal, name):
    return journal.names.find(FOLDER, f"{FOLDER}/{name}").file_id


def refused_again(journal):
    file_id = add(journal, "a.pdf")
    journal.files.step(file_id, Step(State.REFUSED, verbatim("is a program")), 2.0)
    journal.files.step(file_id, Step(State.NOTICED), 3.0)
    journal.files.refuse_again(file_id, verbatim("is a program"), 4.0)


@pytest.mark.parametrize(
    "act", [held_and_let_go, held_and_probed, taken, skipped, read_again, left, refused_again]
)
def test_whatever_changes_a_state_writes_it_into_the_history_and_announces_it(journal, act):
    stepped = []
    journal.store._connection.create_function("note", 2, lambda *step: stepped.append(step))
    journal.store.write(
        "CREATE TEMP TRIGGER noted AFTER UPDATE OF state ON files BEGIN "
        "SELECT note(new.id, new.state); END"
    )
    act(journal)
    journal.commit()
    assert stepped
    told = journal.store.all(
        "SELECT file_id, state FROM events WHERE id NOT IN "
        "(SELECT min(id) FROM events GROUP BY file_id) ORDER BY id"
    )
    assert sorted(told) == sorted(stepped)
    for file_id in dict(stepped):
        assert story(journal, file_id)[-1][0] == journal.files.state(file_id)
    assert {file_id for file_id, _ in stepped} <= set(journal.files.take_changed(9, State))
    assert not journal.files.has_changed


@pytest.mark.parametrize("odd", [0, 1, 2], ids=["the first", "one between", "the last"])
def test_many_files_take_a_step_only_if_each_of_them_may(journal, odd):
    files = [add(journal, f"{number}.pdf", State.QUEUED) for number in range(3)]
    journal.commit()
    journal.files.step(files[odd], Step(State.GONE), 2.0)
    with pytest.raises(JournalError, match=f"File {files[odd]} cannot go from gone to held"):
        journal.files.step(files, Step(State.HELD), 3.0)


def test_a_reason_that_quotes_a_name_which_is_no_text_is_kept(journal):
    files = [add(journal, f"{number}.pdf") for number in range(2)]
    journal.files.step(files, Step(State.REFUSED, verbatim("is like bad\udcff.pdf")), 2.0)
    assert {str(journal.store.entry(each).why) for each in files} == {"is like bad?.pdf"}
    assert story(journal, files[0])[-1] == ("refused", "is like bad?.pdf")


def test_a_file_refused_again_counts_as_refused_since_the_first_time(journal):
    journal.hooks.set_events(["refused"])
    refused_again(journal)
    (event, entry), *more = journal.hooks.to_run(9, ())
    assert (event, entry.changed_at, more) == ("refused", 2.0, [])
    assert journal.files.last_refusal(entry.file_id) == verbatim("is a program")


def test_a_cause_may_concern_very_many_files(journal):
    """Set-based: a statement for each of them would be as many."""
    journal.store.write(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
        "INSERT INTO files (directory_id, name, state, size, mtime_ns, noticed_at, changed_at, "
        "account) SELECT ?, CAST(i AS BLOB), 'queued', 1, 1, 1, 1, 'default' FROM n",
        journal.directories.add(FOLDER, b""),
    )
    asked = []
    journal.store._connection.set_trace_callback(asked.append)
    journal.holds.hold(Cause.ACCOUNT, "default", "", verbatim("bad key"), 2.0)
    journal.store._connection.set_trace_callback(None)
    assert journal.holds.count("account:default") == 5000
    assert journal.store.read("SELECT count(*) FROM events WHERE why LIKE '%bad key%'")[0] == 5000
    updates = [query for query in asked if query.startswith(("UPDATE files", "INSERT INTO events"))]
    assert len(set(updates)) == 2


def test_one_file_sends_a_content_to_a_source(journal):
    first, second = add(journal, "a.pdf"), add(journal, "b.pdf")
    assert journal.files.claim("source", "sha", first) == first
    assert journal.files.claim("source", "sha", second) == first
    assert journal.files.claim("other source", "sha", second) == second


def test_when_the_first_vanishes_its_copy_is_looked_at_again(journal):
    first, second = add(journal, "a.pdf"), add(journal, "b.pdf")
    journal.files.claim("source", "sha", first)
    journal.files.set_duplicate(second, first)
    journal.files.step(second, Step(State.DUPLICATE), 1.0)
    assert journal.files.copies(first) == [second]
    journal.files.step(first, Step(State.GONE), 2.0)
    journal.files.disclaim(first, 2.0)
    assert journal.files.state(second) is State.NOTICED
    assert journal.files.claim("source", "sha", second) == second


def test_a_file_that_is_gone_is_noticed_when_it_returns(journal):
    file_id = add(journal)
    journal.files.step(file_id, Step(State.GONE), 2.0)
    assert journal.names.find(FOLDER, f"{FOLDER}/a.pdf") is None


def test_jobs_come_in_the_order_they_are_due(journal):
    late, early = queue(journal, "late.pdf", now=5.0), queue(journal, "early.pdf", now=3.0)
    queue(journal, "other.pdf", account="other")
    assert [job.file_id for job in journal.queues.due_jobs("default", 10.0, 9, [FOLDER])] == [
        early,
        late,
    ]
    assert [job.file_id for job in journal.queues.due_jobs("default", 4.0, 9, [FOLDER])] == [early]
    assert journal.queues.next_due(4.0) == 5.0
    assert journal.queues.due_jobs("default", 10.0, 9, ["/not watched any more"]) == []
    (job,) = journal.queues.due_jobs("default", 10.0, 1, [FOLDER])
    assert (job.fields, job.stat.inode) == ((("tags", "[]"),), 2**64 - 1)


def test_a_hold_keeps_back_what_it_concerns_and_nothing_else(journal):
    bad, good = queue(journal, "a.pdf", source="bad"), queue(journal, "b.pdf", source="good")
    key = journal.holds.hold(Cause.SOURCE, "default", "bad", verbatim("no such source"), 10.0)
    assert key == hold_key(Cause.SOURCE, "default", "bad")
    assert (journal.files.state(bad), journal.files.state(good)) == (State.HELD, State.QUEUED)
    (hold,) = journal.holds.active()
    assert (hold.why, journal.holds.count(key), journal.holds.is_held(key)) == (
        verbatim("no such source"),
        1,
        True,
    )
    assert journal.holds.release(key, 20.0)
    assert journal.files.state(bad) is State.QUEUED
    assert not journal.holds.active()


def test_a_probe_lets_a_single_file_try(journal):
    files = [queue(journal, f"{number}.pdf") for number in range(3)]
    journal.holds.hold(Cause.ACCOUNT, "default", "", verbatim("bad key"), 10.0)
    (hold,) = journal.holds.active()
    assert journal.holds.probe(hold, hold.due_at, {FOLDER})
    assert [journal.files.state(file_id) for file_id in files].count(State.QUEUED) == 1
    assert journal.holds.active()[0].due_at > hold.due_at


def test_a_cause_found_by_several_files_at_once_is_one_finding(journal):
    for _ in range(5):
        journal.holds.hold(Cause.ACCOUNT, "default", "", verbatim("bad key"), 10.0)
    assert journal.holds.active()[0].attempt == 1
    journal.holds.hold(Cause.ACCOUNT, "default", "", verbatim("bad key"), 10.0 + 900)
    assert journal.holds.active()[0].attempt == 2


def test_a_yes_is_for_the_part_it_names(journal):
    key = existing_key(FOLDER)
    inner = add(journal, "dev/a.pdf", State.HELD, key)
    outer = add(journal, "b.pdf", State.BASELINE, key)
    assert journal.approvals.approve_below(f"{FOLDER}/dev", 5.0) == 1
    assert (journal.files.state(inner), journal.files.state(outer)) == (
        State.NOTICED,
        State.BASELINE,
    )
    assert journal.approvals.approve_below(FOLDER, 5.0) == 1
    assert [entry.file_id for entry in journal.queues.unread(9.0, 9, [FOLDER])] == [inner, outer]
    assert journal.queues.unread(9.0, 9, ["/elsewhere"]) == []


def test_what_was_being_sent_at_the_end_is_uncertain_at_the_start(journal):
    file_id = queue(journal)
    journal.files.step(file_id, Step(State.UPLOADING), 2.0)
    assert journal.files.recover(100.0) == 1
    assert journal.files.state(file_id) is State.UNCERTAIN
    ((job, since),) = journal.queues.uncertain_jobs("default", 100.0, 9)
    assert (job.file_id, since, job.attempt) == (file_id, 2.0, 1)


def test_new_settings_have_files_routed_again_that_were_not_sent(journal):
    journal.folders.reroute(FOLDER, "one", 1.0)
    waiting, sent = queue(journal, "a.pdf"), queue(journal, "b.pdf")
    journal.files.claim("source", "sha", waiting)
    for state in (State.UPLOADING, State.ACCEPTED):
        journal.files.step(sent, Step(state), 2.0)
    assert not journal.folders.reroute(FOLDER, "one", 3.0)
    assert journal.folders.reroute(FOLDER, "two", 3.0)
    assert (journal.files.state(waiting), journal.files.state(sent)) == (
        State.NOTICED,
        State.ACCEPTED,
    )
    assert journal.files.claim("source", "sha", sent) == sent


@pytest.mark.parametrize(
    ("place", "asked", "is_found", "why"),
    [
        ("Rec\u0327us/cv.pdf", "Reçus", True, "accents as macOS parts them"),
        ("Reçus/cv.pdf", "Rec\u0327us", True, "and the other way round"),
        ("Reçus/cv.pdf", "Reçus/cv.pdf", True, "the file itself"),
        ("yes /cv.pdf", "yes", True, "a blank at the end of the folder's name"),
        ("yes/a/cv.pdf", "yes ", True, "in what was asked for"),
        ("yes /cv.pdf", "yes/cv.pdf", True, "of a file in it"),
        ("yes/ cv.pdf", "yes/vc.pdf", False, "another name"),
        ("yes/cv.pdf", "ye", False, "the beginning of a name"),
        ("yes/cv.pdf", "Yes", False, "another folder, on systems that tell case apart"),
        ("\udcff/cv.pdf", "\udcff", True, "bytes that are no text"),
        ("\udcff/cv.pdf", "\udcfe", False, "other bytes"),
        ("cv.pdf", "", True, "all of it"),
    ],
)
def test_history_of_a_folder_is_found_by_its_name_as_people_see_it(
    journal, read, place, asked, is_found, why
):
    file_id = queue(journal, place)
    journal.commit()
    folder = f"{FOLDER}/{asked}".rstrip("/")
    found = [entry.file_id for entry in read().history(Filter(folder=folder))]
    assert found == [file_id] * is_found, why


def test_a_search_finds_names_as_people_see_them(journal, read):
    queue(journal, "E\u0301lan /Rene\u0301.pdf")
    journal.commit()
    reader = read()
    assert [len(reader.history(Filter(text=text))) for text in ("élan/rené", "RENÉ", "rene")] == [
        1,
        1,
        1,
    ]


def test_history_is_found_by_state_folder_text_and_time(journal, read):
    first, second = queue(journal, "dev/Jane.pdf", now=10.0), queue(journal, "x.pdf", now=20.0)
    for state in (State.UPLOADING, State.PARSED):
        journal.files.step(second, Step(state), 30.0)
    journal.files.set_profile(second, Profile("key", "Aisha Rahman", "a@example.org"))
    journal.commit()
    reader = read()

    def found(**filters):
        return [entry.file_id for entry in reader.history(Filter(**filters))]

    assert found() == [second, first]
    assert found(states=(State.QUEUED,)) == [first]
    assert found(folder=f"{FOLDER}/dev") == found(folder=f"{FOLDER}/dev/Jane.pdf") == [first]
    assert found(text="jane") == [first]
    assert found(text="aisha") == [second]
    assert found(since=25.0) == [second]
    assert found(until=25.0) == [first]
    assert [entry.file_id for entry in reader.history(limit=1)] == [second]
    assert reader.totals(FOLDER) == {State.QUEUED: (1, 10), State.PARSED: (1, 10)}
    assert reader.totals(f"{FOLDER}/dev") == {State.QUEUED: (1, 10)}
    assert [state for _, state, _ in reader.events(second)] == [
        State.NOTICED, State.QUEUED, State.UPLOADING, State.PARSED,
    ]  # fmt: skip


def test_reasons_that_differ_in_numbers_alone_are_one(journal, read):
    for number, size in enumerate((31_000_000, 32.5, 32.5)):
        why = msg("is too large ({size:bytes})", size=size)
        journal.files.step(add(journal, f"{number}.pdf"), Step(State.REFUSED, why), 10.0 + number)
    journal.files.step(add(journal, "empty.pdf"), Step(State.REFUSED, msg("is empty")), 20.0)
    journal.commit()
    reader = read()
    large, empty = reader.reasons(10)
    assert (large.files, large.in_place, large.is_example) == (3, 3, True)
    assert large.why == why, "of the latest"
    assert [reader.entry(each.latest).path for each in (large, empty)] == [
        f"{FOLDER}/2.pdf", f"{FOLDER}/empty.pdf",
    ]  # fmt: skip
    assert (empty.files, empty.is_example) == (1, False)
    assert len(reader.history(Filter(why=large.why))) == 3, (
        "what is shown and retried is what is counted"
    )
    assert len(reader.history(Filter(why=empty.why))) == 1


def test_of_many_files_the_latest_are_sorted_by_what_has_no_index(journal, read, monkeypatch):
    numbers = [queue(journal, f"{name}.pdf", now=at) for at, name in enumerate("dcba", 10)]
    journal.commit()
    reader = read()
    monkeypatch.setattr(history, "ORDERED", 2)

    def order(by):
        return [numbers.index(entry.file_id) for entry in reader.history(order=by)]

    assert order("name") == [3, 2]
    assert order("-name") == [2, 3]
    assert order("when") == [0, 1, 2, 3]
    assert order("-when") == order("") == [3, 2, 1, 0]


def test_arrivals_are_counted_by_day_and_source(journal, read):
    noon = time.mktime((2026, 3, 31, 12, 0, 0, 0, 0, -1))
    for name, at in (("a.pdf", noon), ("b.pdf", noon), ("c.pdf", noon + 86400), ("d.pdf", 10.0)):
        number = queue(journal, name, now=at)
        for state in (State.UPLOADING, State.ACCEPTED):
            journal.files.step(number, Step(state), at)
    journal.commit()
    assert sorted(read().days_by_source(noon - 3600)) == [
        ("2026-03-31", "source", "", 2), ("2026-04-01", "source", "", 1),
    ]  # fmt: skip
    assert len(read().history(Filter(source="source"))) == 4
    assert read().history(Filter(source="other")) == []


def test_an_import_counts_what_was_filed_away_since_it_began(journal, read):
    numbers = {}
    for name, now in (("before.pdf", 10.0), ("since.pdf", 30.0)):
        numbers[name] = number = queue(journal, name, now=now)
        for state in (State.UPLOADING, State.ACCEPTED):
            journal.files.step(number, Step(state), now)
        journal.files.set_filing(number, "", f"/srv/sent/{name}")
        journal.names.forget(number)
    journal.files.step(numbers["before.pdf"], Step(State.PARSED), 40.0)  # its result comes late
    journal.commit()
    assert read().totals(FOLDER, 20.0) == {State.ACCEPTED: (1, 10)}


def test_a_walk_is_told_what_is_known(journal, read):
    add(journal, "dev/a.pdf")
    journal.commit()
    assert read().known(FOLDER, "dev") == {"a.pdf": (10, 20)}
    assert read().known(FOLDER, "") == read().known("/none", "") == {}


def test_a_reader_cannot_write(journal, read):
    with pytest.raises(JournalError, match="readonly"):
        read().write("DELETE FROM files")


def test_a_newer_journal_is_refused(journal, path):
    journal.close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    for opened in (Journal, Reader):
        with pytest.raises(JournalError, match="newer"):
            opened(path)


def test_a_damaged_journal_is_a_clear_error(tmp_path):
    path = tmp_path / "journal.db"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(JournalError):
        Journal(str(path))


@pytest.mark.parametrize("method", ["due_jobs", "uncertain_jobs", "unread", "next_due", "to_file"])
def test_what_is_asked_in_every_turn_never_walks_through_history(journal, method):
    arguments = {
        "due_jobs": ("default", 1.0, 5, [FOLDER]), "uncertain_jobs": ("default", 1.0, 5),
        "unread": (1.0, 5, [FOLDER]), "next_due": (1.0,), "to_file": (0, 5),
    }[method]  # fmt: skip
    for number in range(300):
        add(journal, f"{number}.pdf", State.PARSED)
    journal.store.write("ANALYZE")
    journal.commit()
    asked = []
    journal.store._connection.set_trace_callback(asked.append)
    getattr(journal.queues, method)(*arguments)
    journal.store._connection.set_trace_callback(None)
    for query in asked:
        for row in journal.store.all(f"EXPLAIN QUERY PLAN {query}"):
            assert not row[3].startswith(("SCAN f", "SCAN files")) or "USING" in row[3], row[3]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(State)), max_size=40))
def test_counts_are_true_after_any_steps(tmp_path_factory, steps):
    path = str(tmp_path_factory.mktemp("counts") / "journal.db")
    journal = Journal(path)
    files = [add(journal, f"{number}.pdf") for number in range(6)]
    arrived = set()
    for index, state in steps:
        if state in TRANSITIONS[journal.files.state(files[index])]:
            journal.files.step(files[index], Step(state), 0.0)
            arrived |= {index} if state in (State.ACCEPTED, State.PARSED) else set()
    journal.commit()
    reader = Reader(path)
    counted = dict(journal.store.all("SELECT state, count(*) FROM files GROUP BY state"))
    assert {str(state): number for state, number in reader.counts().items()} == counted
    assert reader.arrived_on("1970-01-01") == len(arrived)
    reader.close()
    journal.close()


def test_each_upload_that_has_arrived_counts_for_its_month(journal, path):
    november, december = (datetime(2026, month, 9).timestamp() for month in (11, 12))  # noqa: DTZ001

    def send(name, now, account="default"):
        file_id = queue(journal, name, now, account)
        for state in (State.UPLOADING, State.ACCEPTED, State.PARSED):
            journal.files.step(file_id, Step(state), now)
        return file_id

    send("a.pdf", november)
    send("b.pdf", november, "lyon")
    again = send("c.pdf", december)
    journal.store.write("UPDATE files SET state = 'queued' WHERE id = ?", again)
    for state in (State.UPLOADING, State.ACCEPTED):  # it is sent again, and so parsed again
        journal.files.step(again, Step(state), december + 1)
    assert journal.approvals.uploads_in("2026-12", "default") == (2, 0)
    journal.commit()
    with closing(Reader(path)) as reader:
        months = [(each.month, each.account, each.uploads) for each in reader.months(december, 12)]
        assert months == [
            ("2026-12", "default", 2),
            ("2026-11", "default", 1),
            ("2026-11", "lyon", 1),
        ]
        assert len(reader.months(november, 12)) == 2
        assert [each.month for each in reader.months(december, 1)] == ["2026-12"]
