"""What the journal forgets, and what it never does."""

import pytest

from tests.unit.test_journal import FOLDER, add
from watcher.journal.reader import Reader
from watcher.journal.retention import STEP
from watcher.journal.writer import Journal
from watcher.model import Candidate, Profile, Route, Sign, Stat, State
from watcher.states import Step

DAY = 86400.0


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "state" / "journal.db")


@pytest.fixture
def journal(path):
    made = Journal(path)
    yield made
    made.close()


def send(journal, name, now, person=""):
    """A file that was sent, and is not on disk any more."""
    file_id = add(journal, name, now=now)
    journal.address(file_id, Route("default", "source", name), name, ())
    journal.claim("source", f"sha of {name}", file_id)
    for state in (State.QUEUED, State.UPLOADING, State.PARSED):
        journal.step(file_id, Step(state), now)
    journal.profile(file_id, Profile("key", person, f"{person}@example.org" if person else ""))
    return file_id


def prune_all(journal, history_before, names_before):
    reached = 0
    while reached := journal.prune(reached, history_before, names_before):
        pass


def test_old_history_goes_and_its_fingerprint_stays(journal):
    old, young = send(journal, "old.pdf", DAY), send(journal, "young.pdf", 500 * DAY)
    for file_id in (old, young):
        journal.forget_name(file_id)
    prune_all(journal, 400 * DAY, 0.0)
    assert (journal.state(old), journal.state(young)) == (None, State.PARSED)
    assert journal.read("SELECT count(*) FROM events WHERE file_id = ?", old)[0] == 0
    again = add(journal, "copy of old.pdf", now=501 * DAY)
    assert journal.claim("source", "sha of old.pdf", again) == old  # never sent twice


def places(journal):
    found = journal.all(
        "SELECT o.path, d.path FROM folders o LEFT JOIN directories d ON d.folder_id = o.id"
    )
    return {"/".join(part.decode() for part in row if part) for row in found}


def test_the_names_of_folders_go_with_the_last_file_in_them(journal):
    old = send(journal, "Jane Doe/cv.pdf", DAY)
    young = send(journal, "Jo Roe/cv.pdf", 500 * DAY)
    there = send(journal, "Aisha/cv.pdf", DAY)
    for file_id in (old, young):
        journal.forget_name(file_id)
    prune_all(journal, 400 * DAY, 0.0)
    assert places(journal) == {f"{FOLDER}/Jo Roe", f"{FOLDER}/Aisha"}
    again = send(journal, "Jane Doe/cv.pdf", 501 * DAY)  # and may come again
    assert journal.path_of(again) == f"{FOLDER}/Jane Doe/cv.pdf"
    journal.forget([again])
    journal.forget_name(there)
    prune_all(journal, 1000 * DAY, 0.0)
    assert places(journal) == {FOLDER}  # it is watched


def test_a_directory_that_is_used_while_others_are_forgotten_stays(journal):
    moved = send(journal, "a/cv.pdf", 500 * DAY)
    reached = journal.prune(0, 400 * DAY, 0.0)
    journal.rename(moved, Candidate(FOLDER, f"{FOLDER}/b/cv.pdf", Sign.CHANGED))
    journal.forget_name(moved)
    assert journal.prune(reached, 400 * DAY, 0.0) == 0
    assert journal.path_of(moved) == f"{FOLDER}/b/cv.pdf"


def test_a_folder_that_is_not_watched_any_more_goes_with_its_last_file(journal):
    journal.reread(FOLDER, "settings", DAY)
    file_id = send(journal, "cv.pdf", DAY)
    journal.forget_name(file_id)
    journal.leave([], 2 * DAY)
    prune_all(journal, DAY / 2, 0.0)
    assert places(journal) == {FOLDER}  # its history is young
    prune_all(journal, 400 * DAY, 0.0)
    assert places(journal) == set()
    assert journal.state(send(journal, "new.pdf", 500 * DAY)) is State.PARSED


def test_looking_a_file_up_writes_nothing(journal):
    add(journal, "known/cv.pdf", now=DAY)
    journal.commit()
    assert journal.find(FOLDER, f"{FOLDER}/Jane Doe/cv.pdf") is None
    assert journal.find("/never watched", "/never watched/cv.pdf") is None
    assert journal.find(FOLDER, f"{FOLDER}/known/cv.pdf") is not None
    assert not journal.commit()
    assert places(journal) == {f"{FOLDER}/known"}


def test_what_is_still_on_disk_is_kept_as_it_is_compared_with(journal):
    file_id = send(journal, "a.pdf", DAY)
    prune_all(journal, 400 * DAY, 0.0)
    assert journal.state(file_id) is State.PARSED


@pytest.mark.parametrize("state", [State.NOTICED, State.HELD])
def test_what_is_not_done_yet_is_never_forgotten(journal, state):
    file_id = add(journal, state=state, now=DAY)
    journal.forget_name(file_id)
    prune_all(journal, 400 * DAY, 400 * DAY)
    assert journal.state(file_id) is state


def test_names_of_people_go_earlier_than_history(journal):
    file_id = send(journal, "a.pdf", DAY, "Aisha Rahman")
    prune_all(journal, 0.0, 2 * DAY)
    entry = journal.entry(file_id)
    assert (entry.profile_key, entry.profile_name, entry.profile_email) == ("key", "", "")


def test_it_goes_in_steps_that_reach_everything(journal):
    for number in range(2 * STEP + 5):
        journal.forget_name(add(journal, f"{number}.pdf", State.GONE, now=DAY))
    reached, steps = 0, 0
    while reached := journal.prune(reached, 400 * DAY, 0.0):
        steps += 1
    assert steps == 3
    assert journal.read("SELECT count(*) FROM files")[0] == 0
    assert journal.read("SELECT files FROM counts WHERE state = 'gone'")[0] == 0


def test_what_a_person_wants_forgotten_is_not_in_the_file_any_more(journal, path):
    canary = "Zoraida Quimby"
    file_id = send(journal, f"{canary}/CV.pdf", DAY, canary)
    journal.write("UPDATE contents SET identity = 'sha'")
    journal.commit()
    journal.forget((file_id,))
    with open(path, "rb") as file:
        content = file.read()
    assert canary.encode() not in content
    assert journal.entry(file_id) is None
    assert journal.claim("source", "sha", 999) == file_id
    assert add(journal, f"{canary}/CV.pdf")  # its directory is known anew


def test_a_file_that_comes_back_to_its_place_is_the_one_that_arrived(journal, path):
    first = send(journal, "a.pdf", DAY)
    journal.forget_name(first)
    again = add(journal, "a.pdf", now=2 * DAY)
    assert journal.is_return_of(again, first)
    assert journal.find(FOLDER, f"{FOLDER}/a.pdf").file_id == first
    assert journal.state(again) is None
    elsewhere = add(journal, "b.pdf", now=2 * DAY)
    assert not journal.is_return_of(elsewhere, first)


def test_a_journal_built_anew_is_one_like_any_other_after_a_month(journal, path):
    journal.set_rebuilt(DAY)
    candidate = Candidate(FOLDER, f"{FOLDER}/a.pdf", Sign.SCANNED)
    file_id = journal.add(candidate, Stat(1, 1), 2 * DAY, State.NOTICED)
    assert journal.is_in_doubt(file_id)
    journal.prune_rest(32 * DAY)
    assert not journal.is_in_doubt(file_id)
    journal.commit()
    reader = Reader(path)
    assert reader.counts() == {State.NOTICED: 1}
    reader.close()


def test_no_id_is_given_twice(journal):
    """Else the owner of a fingerprint would seem to be a file that has nothing to do with it."""
    first = send(journal, "a.pdf", DAY)
    journal.forget((first,))
    assert add(journal, "b.pdf") != first
