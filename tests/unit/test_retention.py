"""What the journal forgets, and what it never does."""

import contextlib
import os
import sqlite3

import pytest

from tests.support.journal import FOLDER, add
from watcher.journal.reader import Reader
from watcher.journal.retention import STEP
from watcher.journal.writer import Journal
from watcher.model.entries import Stat
from watcher.model.files import Candidate
from watcher.model.kinds import Sign, State
from watcher.model.lifecycle import Step
from watcher.model.uploads import Profile, Route

DAY = 86400.0


def send(journal, name, now, person=""):
    """A file that was sent, and is not on disk any more."""
    file_id = add(journal, name, now=now)
    journal.files.claim("source", f"sha of {name}", file_id)
    journal.files.step(file_id, Step(State.QUEUED), now, route=Route("default", "source", name))
    for state in (State.UPLOADING, State.PARSED):
        journal.files.step(file_id, Step(state), now)
    journal.files.set_profile(
        file_id, Profile("key", person, f"{person}@example.org" if person else "")
    )
    return file_id


def prune_all(journal, history_before, names_before):
    reached = 0
    while reached := journal.retention.prune(reached, history_before, names_before):
        pass


def test_old_history_goes_and_its_fingerprint_stays(journal):
    old, young = send(journal, "old.pdf", DAY), send(journal, "young.pdf", 500 * DAY)
    for file_id in (old, young):
        journal.names.forget(file_id)
    prune_all(journal, 400 * DAY, 0.0)
    assert (journal.files.state(old), journal.files.state(young)) == (None, State.PARSED)
    assert journal.store.read("SELECT count(*) FROM events WHERE file_id = ?", old)[0] == 0
    again = add(journal, "copy of old.pdf", now=501 * DAY)
    assert journal.files.claim("source", "sha of old.pdf", again) == old  # never sent twice


def places(journal):
    found = journal.store.all(
        "SELECT o.path, d.path FROM folders o LEFT JOIN directories d ON d.folder_id = o.id"
    )
    return {"/".join(part.decode() for part in row if part) for row in found}


def test_the_names_of_folders_go_with_the_last_file_in_them(journal):
    old = send(journal, "Jane Doe/cv.pdf", DAY)
    young = send(journal, "Jo Roe/cv.pdf", 500 * DAY)
    there = send(journal, "Aisha/cv.pdf", DAY)
    for file_id in (old, young):
        journal.names.forget(file_id)
    prune_all(journal, 400 * DAY, 0.0)
    assert places(journal) == {f"{FOLDER}/Jo Roe", f"{FOLDER}/Aisha"}
    again = send(journal, "Jane Doe/cv.pdf", 501 * DAY)  # and may come again
    assert journal.store.path_of(again) == f"{FOLDER}/Jane Doe/cv.pdf"
    journal.retention.forget([again], 1000 * DAY)
    journal.names.forget(there)
    prune_all(journal, 1000 * DAY, 0.0)
    assert places(journal) == {FOLDER}  # it is watched


def test_a_directory_that_is_used_while_others_are_forgotten_stays(journal):
    moved = send(journal, "a/cv.pdf", 500 * DAY)
    reached = journal.retention.prune(0, 400 * DAY, 0.0)
    journal.names.rename(moved, Candidate(FOLDER, f"{FOLDER}/b/cv.pdf", Sign.CHANGED))
    journal.names.forget(moved)
    assert journal.retention.prune(reached, 400 * DAY, 0.0) == 0
    assert journal.store.path_of(moved) == f"{FOLDER}/b/cv.pdf"


def test_a_folder_that_is_not_watched_any_more_goes_with_its_last_file(journal):
    journal.folders.reroute(FOLDER, "settings", DAY)
    file_id = send(journal, "cv.pdf", DAY)
    journal.names.forget(file_id)
    journal.folders.set_watched([], 2 * DAY)
    prune_all(journal, DAY / 2, 0.0)
    assert places(journal) == {FOLDER}  # its history is young
    prune_all(journal, 400 * DAY, 0.0)
    assert places(journal) == set()
    assert journal.files.state(send(journal, "new.pdf", 500 * DAY)) is State.PARSED


def test_looking_a_file_up_writes_nothing(journal):
    add(journal, "known/cv.pdf", now=DAY)
    journal.commit()
    assert journal.names.find(FOLDER, f"{FOLDER}/Jane Doe/cv.pdf") is None
    assert journal.names.find("/never watched", "/never watched/cv.pdf") is None
    assert journal.names.find(FOLDER, f"{FOLDER}/known/cv.pdf") is not None
    assert not journal.commit()
    assert places(journal) == {f"{FOLDER}/known"}


def test_what_is_still_on_disk_is_kept_as_it_is_compared_with(journal):
    file_id = send(journal, "a.pdf", DAY)
    prune_all(journal, 400 * DAY, 0.0)
    assert journal.files.state(file_id) is State.PARSED


@pytest.mark.parametrize("state", [State.NOTICED, State.HELD])
def test_what_is_not_done_yet_is_never_forgotten(journal, state):
    file_id = add(journal, state=state, now=DAY)
    journal.names.forget(file_id)
    prune_all(journal, 400 * DAY, 400 * DAY)
    assert journal.files.state(file_id) is state


def test_names_of_people_go_earlier_than_history(journal):
    file_id = send(journal, "a.pdf", DAY, "Aisha Rahman")
    prune_all(journal, 0.0, 2 * DAY)
    entry = journal.store.entry(file_id)
    assert (entry.profile_key, entry.profile_name, entry.profile_email) == ("key", "", "")


def test_it_goes_in_steps_that_reach_everything(journal):
    for number in range(2 * STEP + 5):
        journal.names.forget(add(journal, f"{number}.pdf", State.GONE, now=DAY))
    reached, steps = 0, 0
    while reached := journal.retention.prune(reached, 400 * DAY, 0.0):
        steps += 1
    assert steps == 3
    assert journal.store.read("SELECT count(*) FROM files")[0] == 0
    assert journal.store.read("SELECT files FROM counts WHERE state = 'gone'")[0] == 0


def test_what_a_person_wants_forgotten_is_not_in_the_file_any_more(journal, path):
    canary = "Zoraida Quimby"
    file_id = send(journal, f"{canary}/CV.pdf", DAY, canary)
    journal.store.write("UPDATE contents SET identity = 'sha'")
    journal.commit()
    assert journal.retention.forget((file_id,), DAY)
    with open(path, "rb") as file:
        content = file.read()
    assert canary.encode() not in content
    assert journal.store.entry(file_id) is None
    assert journal.files.claim("source", "sha", 999) == file_id
    assert add(journal, f"{canary}/CV.pdf")  # its directory is known anew


def test_a_file_that_comes_back_to_its_place_is_the_one_that_arrived(journal, path):
    first = send(journal, "a.pdf", DAY)
    journal.names.forget(first)
    again = add(journal, "a.pdf", now=2 * DAY)
    assert journal.files.merge_if_returned(again, first)
    assert journal.names.find(FOLDER, f"{FOLDER}/a.pdf").file_id == first
    assert journal.files.state(again) is None
    elsewhere = add(journal, "b.pdf", now=2 * DAY)
    assert not journal.files.merge_if_returned(elsewhere, first)


def test_a_journal_built_anew_is_one_like_any_other_after_a_month(journal, path):
    journal.facts.set_rebuilt(DAY)
    candidate = Candidate(FOLDER, f"{FOLDER}/a.pdf", Sign.SCANNED)
    file_id = journal.files.add(candidate, Stat(1, 1), 2 * DAY, State.NOTICED)
    assert journal.facts.is_in_doubt(file_id)
    journal.retention.prune_rest(32 * DAY)
    assert not journal.facts.is_in_doubt(file_id)
    journal.commit()
    reader = Reader(path)
    assert reader.counts() == {State.NOTICED: 1}
    reader.close()


def test_no_id_is_given_twice(journal):
    """Else the owner of a fingerprint would seem to be a file that has nothing to do with it."""
    first = send(journal, "a.pdf", DAY)
    journal.retention.forget((first,), DAY)
    assert add(journal, "b.pdf") != first


# -- what is forgotten leaves no remains in the journal's file

PERSON = "Zoraida Quimby"


def grow(journal, number):
    """A file on its way, whose row grows from step to step: pages are split and copied."""
    candidate = Candidate(FOLDER, f"{FOLDER}/{number % 7}/{PERSON} {number}.pdf", Sign.CLOSED)
    file_id = journal.files.add(candidate, Stat(1, 2, 3, number + 1), DAY, State.NOTICED)
    journal.commit()
    fields = (("tags", "x" * 200),)
    route = Route("default", "source", f"ref {number}")
    journal.files.step(file_id, Step(State.QUEUED), DAY, route=route, fields=fields)
    for state in (State.UPLOADING, State.PARSED):
        journal.files.step(file_id, Step(state), DAY)
    journal.files.set_profile(file_id, Profile("key", PERSON, "z@example.org"))
    journal.commit()
    return file_id


def remains(path):
    """How often the person is named in anything that the journal consists of."""
    found = 0
    for end in ("", "-wal", "-shm"):
        if os.path.exists(path + end):
            with open(path + end, "rb") as file:
                found += file.read().count(PERSON.encode())
    return found


def test_pages_that_were_split_or_left_keep_nothing_of_who_is_forgotten(journal, path):
    files = [grow(journal, number) for number in range(300)]
    assert remains(path)
    assert journal.retention.forget(files, 2 * DAY)
    assert remains(path) == 0
    assert journal.store.read("SELECT count(*) FROM files")[0] == 0


def test_a_reader_keeps_the_journal_from_being_overwritten_which_is_said_and_made_up_for(
    journal, path
):
    files = [grow(journal, number) for number in range(20)]
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM files").fetchone()
    assert not journal.retention.forget(files, 2 * DAY)
    assert remains(path)
    other.close()
    journal.retention.prune_rest(3 * DAY)
    assert remains(path) == 0


def test_it_is_made_up_for_by_the_next_run_too(path):
    journal = Journal(path)
    files = [grow(journal, number) for number in range(20)]
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM files").fetchone()
    assert not journal.retention.forget(files, 2 * DAY)
    journal.close()
    other.close()
    again = Journal(path)
    again.retention.prune_rest(3 * DAY)
    assert remains(path) == 0
    again.close()


# -- the traces that a file leaves in others


@pytest.fixture
def traces(journal, path):
    """Returns what is to be forgotten with a file, by what the journal says now."""

    def find(*file_ids):
        journal.commit()
        with contextlib.closing(Reader(path)) as reader:
            return reader.traces(file_ids)

    return find


def copy(journal, name, of, now=DAY, state=State.DUPLICATE):
    file_id = add(journal, name, now=now)
    journal.files.set_duplicate(file_id, of)
    journal.files.step(file_id, Step(State.DUPLICATE), now)
    if state is not State.DUPLICATE:
        journal.files.step(file_id, Step(state), now)
    return file_id


def test_copies_are_traces_and_their_copies_too(journal, traces):
    original = send(journal, "jane.pdf", DAY, "Jane Doe")
    removed = copy(journal, "jane copy.pdf", original, state=State.GONE)
    there = copy(journal, "jane (2).pdf", original)
    further = copy(journal, "jane (3).pdf", removed)
    send(journal, "jo.pdf", DAY, "Jo Roe")
    assert traces(original) == {original, removed, there, further}
    assert traces(there) == {there}


def test_other_versions_are_traces_unless_they_are_another_profile(journal, traces):
    refused = add(journal, "cv.pdf", now=DAY)
    journal.files.step(refused, Step(State.REFUSED), DAY)
    first, second, other = (send(journal, "cv.pdf", day * DAY, "Jane") for day in (2, 3, 4))
    journal.files.set_profile(first, Profile("key", "", ""))  # the name was kept for a while only
    journal.files.set_profile(other, Profile("another key", "Jo", "jo@example.org"))
    send(journal, "elsewhere/cv.pdf", 5 * DAY)
    assert traces(second) == {refused, first, second}
    assert traces(other) == {refused, other}
