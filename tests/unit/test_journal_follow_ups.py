"""What the journal holds of results: who is asked for next, what is known, what is forgotten."""

import pytest

from tests.support.journal import FOLDER, add, queue
from watcher.i18n.message import verbatim
from watcher.journal.reader import Reader
from watcher.journal.writer import Journal
from watcher.model.kinds import State
from watcher.model.lifecycle import Step
from watcher.model.uploads import Event, EventKind, Profile, SourceFacts


def accept(journal, name, now=1.0, due_at=None, account="default"):
    file_id = queue(journal, name, now, account)
    journal.files.step(file_id, Step(State.UPLOADING), now)
    journal.files.step(file_id, Step(State.ACCEPTED), now + 1)
    journal.follow_ups.follow(file_id, now + 1, now + 6 if due_at is None else due_at)
    return file_id


def ids(found):
    return [each.job.file_id for each in found]


def test_the_oldest_and_the_newest_are_asked_for_in_turns(journal):
    files = [accept(journal, f"{number}.pdf", now=float(number)) for number in range(20)]
    assert ids(journal.follow_ups.due("default", 100.0, 4)) == [
        files[0],
        files[19],
        files[1],
        files[18],
    ]
    assert set(ids(journal.follow_ups.due("default", 100.0, 99))) == set(files)
    assert not journal.follow_ups.due("default", 5.0, 4)  # nothing is due
    assert not journal.follow_ups.due("other", 100.0, 4)


def test_only_what_is_open_is_looked_at_however_long_the_history_is(journal):
    for number in range(5):
        file_id = accept(journal, f"{number}.pdf")
        journal.files.step(file_id, Step(State.PARSED), 9.0)
    assert journal.store.read("SELECT count(*) FROM follow_ups")[0] == 0
    plan = journal.store.all(
        "EXPLAIN QUERY PLAN SELECT u.file_id FROM follow_ups u WHERE u.account = 'default' "
        "AND u.due_at <= 5 ORDER BY u.due_at LIMIT 3"
    )
    assert "follow_ups_due" in plan[0][3]
    assert "SCAN" not in " ".join(row[3] for row in plan)


def test_when_the_next_one_comes_due(journal):
    accept(journal, "a.pdf", due_at=50.0)
    accept(journal, "b.pdf", due_at=70.0, account="other")
    assert journal.follow_ups.next_due(["default", "other"], 0.0) == 50.0
    assert journal.follow_ups.next_due(["default", "other"], 50.0) == 70.0
    assert journal.follow_ups.next_due(["other"], 0.0) == 70.0
    assert journal.follow_ups.next_due([], 0.0) is None


def test_it_is_known_without_a_query_that_nothing_is_due(journal):
    file_id = accept(journal, "a.pdf", due_at=50.0)
    assert not journal.follow_ups.due("default", 10.0, 4)
    queries = []
    journal.store._connection.set_trace_callback(queries.append)
    assert not journal.follow_ups.due("default", 11.0, 4)
    assert journal.follow_ups.next_due(["default"], 11.0) == 50.0
    journal.store._connection.set_trace_callback(None)
    assert not queries
    early = accept(journal, "b.pdf", due_at=20.0)
    assert ids(journal.follow_ups.due("default", 20.0, 4)) == [early]
    journal.follow_ups.ask_again(file_id, 15.0, tried=True)
    assert ids(journal.follow_ups.due("default", 15.0, 4)) == [file_id]


def test_a_clock_that_is_set_moves_it_along(journal):
    accept(journal, "a.pdf", now=100.0, due_at=150.0)
    journal.shift(-50.0)
    (found,) = journal.follow_ups.due("default", 100.0, 5)
    assert found.since == 51.0


def test_tries_count_only_answers(journal):
    file_id = accept(journal, "a.pdf")
    journal.follow_ups.ask_again(file_id, 20.0, tried=False)
    journal.follow_ups.ask_again(file_id, 30.0, tried=True)
    (found,) = journal.follow_ups.due("default", 30.0, 5)
    assert found.tries == 1


def test_people_are_told_once_until_it_is_not_so_any_more(journal):
    assert journal.facts.set_notified("a key may not read", 1.0)
    assert not journal.facts.set_notified("a key may not read", 2.0)
    assert journal.facts.set_notified("another may not", 2.0)
    journal.facts.clear_notified("a key may not read")
    assert journal.facts.set_notified("a key may not read", 5.0)
    assert not journal.facts.set_notified("another may not", 5.0)


def test_a_name_from_the_setup_does_not_count_as_asked(journal):
    journal.follow_ups.name_sources("default", {"source": "Sales", "other": "Nurses"})
    known = journal.follow_ups.sources()
    assert known["default", "source"] == (SourceFacts("Sales"), 0.0)
    journal.follow_ups.note_source("default", "source", SourceFacts("", sync_parsing=False), 5.0)
    journal.follow_ups.name_sources("default", {"source": "Sales team"})
    known = journal.follow_ups.sources()
    assert known["default", "source"] == (SourceFacts("Sales team", sync_parsing=False), 5.0)


def test_a_profile_is_kept_with_its_pages_and_its_source(journal, path):
    file_id = accept(journal, "a.pdf")
    journal.follow_ups.note_source(
        "default", "source", SourceFacts("Engineering", sync_parsing=False), 1.0
    )
    journal.follow_ups.note_source("default", "source", SourceFacts(""), 2.0)  # says nothing new
    journal.files.step(file_id, Step(State.PARSED), 9.0)
    journal.files.set_profile(
        file_id, Profile("key", "Zoë", "zoe@example.org", 10, 14), probable=True
    )
    journal.commit()
    entry = journal.store.entry(file_id)
    assert (entry.pages, entry.total_pages, entry.probable) == (10, 14, True)
    assert (entry.sent_at, entry.arrived_at, entry.parsed_at) == (1.0, 2.0, 9.0)
    assert entry.source_name == "Engineering"
    assert journal.follow_ups.by_profile(["key", "other"]) == {"key": file_id}
    journal.files.make_certain(file_id)
    assert not journal.store.entry(file_id).probable
    journal.commit()
    reader = Reader(path)
    (timing,) = reader.timings(0.0, 100.0)
    assert not reader.timings(2.0, 100.0)
    reader.close()
    assert (timing.folder, timing.source_name, timing.state) == (
        FOLDER,
        "Engineering",
        State.PARSED,
    )


def test_a_file_that_is_sent_again_has_its_own_times_and_number(journal):
    file_id = accept(journal, "a.pdf", now=1.0)
    journal.files.step(file_id, Step(State.PARSE_FAILED), 50.0)
    assert journal.store.entry(file_id).resends == 0
    journal.files.step(file_id, Step(State.NOTICED), 60.0)
    assert journal.store.entry(file_id).resends == 1
    for at, state in ((61.0, State.QUEUED), (62.0, State.UPLOADING), (65.0, State.ACCEPTED)):
        journal.files.step(file_id, Step(state), at)
    journal.files.step(file_id, Step(State.PARSED), 70.0)
    entry = journal.store.entry(file_id)
    assert (entry.sent_at, entry.arrived_at, entry.parsed_at) == (62.0, 65.0, 70.0)
    journal.commit()
    assert journal.store.read("SELECT sum(arrived) FROM days")[0] == 1  # one file all the same


def test_a_file_that_never_arrived_keeps_its_reference(journal):
    file_id = queue(journal, "a.pdf")
    journal.files.step(file_id, Step(State.UPLOADING), 2.0)
    journal.files.step(file_id, Step(State.REFUSED), 3.0)
    journal.files.step(file_id, Step(State.NOTICED), 4.0)
    assert journal.store.entry(file_id).resends == 0


def test_an_event_is_heard_once_and_remembered_for_a_month(journal):
    assert journal.follow_ups.record_event(b"digest", 1.0)
    assert not journal.follow_ups.record_event(b"digest", 2.0)
    journal.retention.prune_rest(1.0 + 31 * 86400)
    assert journal.follow_ups.record_event(b"digest", 3.0)


def test_what_nobody_asked_for_in_two_weeks_is_given_up(journal):
    accept(journal, "a.pdf", now=0.0)
    journal.retention.prune_rest(13 * 86400.0)
    assert journal.store.read("SELECT count(*) FROM follow_ups")[0] == 1
    journal.retention.prune_rest(15 * 86400.0)
    assert journal.store.read("SELECT count(*) FROM follow_ups")[0] == 0


def test_a_file_that_is_forgotten_is_asked_for_no_more(journal):
    journal.hooks.set_events({"parsed"})
    file_id = accept(journal, "a.pdf")
    journal.files.step(file_id, Step(State.PARSED), 9.0)
    journal.retention.forget([file_id], 1.0)
    for table in ("follow_ups", "hooks"):
        assert journal.store.read(f"SELECT count(*) FROM {table}")[0] == 0


def test_a_command_is_noted_with_the_step_that_calls_for_it(journal):
    journal.hooks.set_events({"parsed"})
    first, second = accept(journal, "a.pdf"), accept(journal, "b.pdf")
    refused = add(journal, "c.pdf")
    journal.files.step(refused, Step(State.REFUSED), 2.0)
    for file_id in (first, second):
        journal.files.step(file_id, Step(State.PARSED), 9.0)
    assert [entry.file_id for _, entry in journal.hooks.to_run(9, ())] == [first, second]
    assert [entry.file_id for _, entry in journal.hooks.to_run(9, (first,))] == [second]
    journal.hooks.remove(first, "parsed")
    assert [entry.file_id for _, entry in journal.hooks.to_run(9, ())] == [second]
    journal.hooks.set_events(())  # nobody wants them any more
    assert not journal.hooks.to_run(9, ())


def test_commands_stand_behind_those_of_files_that_are_no_more(journal):
    journal.hooks.set_events({"parsed"})
    first, second, third = (accept(journal, f"{name}.pdf") for name in "abc")
    for file_id in (first, second, third):
        journal.files.step(file_id, Step(State.PARSED), 9.0)
    journal.store.write("DELETE FROM files WHERE id IN (?, ?)", first, second)
    assert [entry.file_id for _, entry in journal.hooks.to_run(2, ())] == [third]


ONCE_MORE = [
    (("noticed",), 1, "a person wants it again"),
    (("noticed", "noticed", "noticed", "noticed"), 1, "and it is locked for three looks"),
    (("noticed", "ignored", "noticed"), 1, "and it is ignored by its folder for a while"),
    (("ignored", "noticed"), 1, "it is left alone, and then wanted all the same"),
    (("parsed",), 0, "its profile came after all"),
]


@pytest.mark.parametrize(("steps", "expected", "why"), ONCE_MORE)
def test_the_number_of_a_reference_counts_what_is_sent_again_alone(journal, steps, expected, why):
    file_id = accept(journal, "a.pdf")
    for sent in (1, 2):
        journal.files.step(file_id, Step(State.PARSE_FAILED), 3.0)
        for state in steps:
            journal.files.step(file_id, Step(State(state)), 4.0)
        assert journal.store.entry(file_id).resends == sent * expected, why
        if not expected:
            return
        for state in ("queued", "uploading", "accepted"):
            journal.files.step(file_id, Step(State(state)), 5.0)
        assert journal.store.entry(file_id).resends == sent, why


# -- events that are faster than the answer


def event(number, reference="r", source_key="", kind=EventKind.SUCCESS):
    return Event(kind, bytes([number // 256, number % 256]), "k", reference, source_key, "m")


def test_an_early_event_is_kept_until_it_is_used_and_outlives_the_program(path):
    first, second = event(1, source_key="s"), event(2, kind=EventKind.ERROR)
    journal = Journal(path)
    for number, each in enumerate((first, second, event(3, "other"))):
        journal.follow_ups.add_early_event(each, float(number))
    journal.commit()
    journal.close()
    journal = Journal(path)
    assert journal.follow_ups.early_events("r") == [first, second]
    journal.follow_ups.delete_early_event(first)
    assert journal.follow_ups.early_events("r") == [second]
    assert not journal.follow_ups.early_events("unknown")
    journal.close()


def test_of_early_events_the_latest_thousand_are_kept(journal):
    for number in range(1005):
        journal.follow_ups.add_early_event(event(number, f"r{number}"), float(number))
    assert journal.store.read("SELECT count(*) FROM early_events")[0] == 1000
    assert not journal.follow_ups.early_events("r4")
    assert journal.follow_ups.early_events("r5")


def test_early_events_are_forgotten_after_a_week(journal):
    journal.follow_ups.add_early_event(event(1, "old"), 0.0)
    journal.follow_ups.add_early_event(event(2, "new"), 2 * 86400.0)
    journal.retention.prune_rest(8 * 86400.0)
    assert not journal.follow_ups.early_events("old")
    assert journal.follow_ups.early_events("new")


def test_a_file_that_is_forgotten_takes_its_events_with_it(journal):
    file_id = accept(journal, "a.pdf")
    reference = journal.follow_ups.followed(file_id).job.reference
    journal.follow_ups.add_early_event(event(1, reference), 1.0)
    journal.follow_ups.add_early_event(event(2, "other"), 1.0)
    journal.retention.forget([file_id], 1.0)
    assert not journal.follow_ups.early_events(reference)
    assert journal.follow_ups.early_events("other")


def test_what_an_early_event_is_about_is_looked_at_at_once(journal):
    doubtful = queue(journal, "a.pdf", 1.0, "default")
    journal.files.step(doubtful, Step(State.UPLOADING), 1.0)
    journal.files.step(doubtful, Step(State.UNCERTAIN, verbatim(""), 500.0), 2.0)
    (reference,) = journal.store.read("SELECT reference FROM files WHERE id = ?", doubtful)
    assert not journal.queues.uncertain_jobs("default", 10.0, 5)
    journal.follow_ups.add_early_event(event(1, "other"), 10.0)
    assert not journal.queues.uncertain_jobs("default", 10.0, 5)
    journal.follow_ups.add_early_event(event(2, reference), 10.0)
    assert [job.file_id for job, _ in journal.queues.uncertain_jobs("default", 10.0, 5)] == [
        doubtful
    ]
