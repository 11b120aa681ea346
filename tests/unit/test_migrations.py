"""A journal of an earlier version is brought up to date, or stays as it was."""

import os
import sqlite3

import pytest

from tests.support.earlier_versions import JOURNALS, make_journal
from watcher.i18n.message import msg, verbatim
from watcher.journal import schema
from watcher.journal.history import Filter
from watcher.journal.reader import Reader
from watcher.journal.schema import VERSION
from watcher.journal.writer import Journal
from watcher.model.entries import NOT_YET
from watcher.model.errors import JournalError
from watcher.model.kinds import State
from watcher.model.lifecycle import Step
from watcher.model.reasons import EXISTING_WAITS, IGNORED_BY_USER

#: Those of every version, this one included: once it has a successor, nothing makes one any more.
EVERY = range(1, VERSION + 1)


def make(path, version=1):
    make_journal(path, version)


def rows(path):
    """How many rows each table has."""
    connection = sqlite3.connect(path)
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    found = {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
        for (name,) in tables
        if not name.startswith("sqlite_")
    }
    connection.close()
    return found


def shape(path):
    """All tables, columns, indexes and triggers."""
    connection = sqlite3.connect(path)
    found = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
    ).fetchall()
    columns = {
        name: connection.execute(f"PRAGMA table_info({name})").fetchall() for _, name, _ in found
    }
    connection.close()
    return [(kind, name) for kind, name, _ in found], columns


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "journal.db")


@pytest.mark.parametrize("version", EVERY)
def test_there_is_a_journal_of_every_version_to_try_it_with(version):
    path = os.path.join(JOURNALS, f"version-{version}.sql")
    assert os.path.exists(path), (
        "make it with the code of that version: python -m tests.support.earlier_versions"
    )
    with open(path, encoding="utf-8") as file:
        assert file.read().endswith(f"PRAGMA user_version = {version};\n")


@pytest.mark.parametrize("version", EVERY)
def test_there_is_something_in_every_table_and_it_stays(path, version):
    make(path, version)
    before = rows(path)
    empty = [name for name, files in before.items() if not files]
    assert empty == (["facts"] if version == 1 else [])
    Journal(path).close()
    after = rows(path)
    assert {name: after.get(name, 0) for name in before} == before


@pytest.mark.parametrize("version", EVERY)
def test_an_old_journal_ends_up_like_a_new_one(path, tmp_path, version):
    make(path, version)
    Journal(path).close()
    new = str(tmp_path / "new.db")
    Journal(new).close()
    assert shape(path) == shape(new)


def test_nothing_of_it_is_lost(path):
    make(path)
    before = sqlite3.connect(path)
    files = before.execute("SELECT id, name, state, why, sha256, reference FROM files").fetchall()
    before.close()
    Journal(path).close()
    reader = Reader(path)
    after = reader.all("SELECT id, name, state, why, sha256, reference FROM files")
    counts = reader.counts()
    entries = {os.path.basename(entry.path): entry for entry in reader.history(limit=50)}
    reader.close()
    assert after == files
    assert counts[State.PARSED] == 1
    assert sum(counts.values()) == len(files)
    parsed = entries["Zoë.pdf"]
    assert (parsed.profile_key, parsed.profile_name) == ("key-2", "Zoë Quimby")
    assert parsed.parsed_at == parsed.changed_at > 0
    assert "noticed\udcff.pdf" in entries


def test_what_was_accepted_within_the_week_is_asked_for(path):
    make(path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE files SET changed_at = strftime('%s', 'now') - 60 WHERE id = 1")
    connection.commit()
    connection.close()
    journal = Journal(path)
    found = journal.follow_ups.due("default", 1e12, 10)
    journal.close()
    assert [each.job.file_id for each in found] == [1]


def test_what_was_accepted_long_ago_is_not(path):
    make(path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE files SET changed_at = 1000 WHERE id = 1")
    connection.commit()
    connection.close()
    journal = Journal(path)
    assert not journal.follow_ups.due("default", 1e12, 10)
    journal.close()


def test_a_migration_that_fails_leaves_the_journal_as_it_was(path, monkeypatch):
    make(path)
    before = shape(path)
    broken = (*schema._ROWS, (VERSION, "INSERT INTO no_such_table VALUES (1);"))
    monkeypatch.setattr(schema, "_ROWS", broken)
    with pytest.raises(JournalError):
        Journal(path)
    assert shape(path) == before
    monkeypatch.undo()
    Journal(path).close()
    assert shape(path) != before


def test_a_program_that_is_killed_in_a_migration_finds_the_old_journal(path):
    make(path)
    before = shape(path)
    killed = sqlite3.connect(path, isolation_level=None)
    # Everything is done but for the end of the transaction, neither its commit nor its rollback.
    killed.set_authorizer(
        lambda action, name, *_: (
            sqlite3.SQLITE_DENY
            if action == sqlite3.SQLITE_TRANSACTION and name != "BEGIN"
            else sqlite3.SQLITE_OK
        )
    )
    with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
        schema.bring_up_to_date(killed, 1)
    killed.close()
    assert shape(path) == before
    Journal(path).close()


@pytest.mark.parametrize("version", range(1, VERSION))
def test_an_older_journal_is_read_after_a_start_of_the_program(path, version):
    make(path, version)
    before = shape(path)
    with pytest.raises(JournalError, match="written by an older hrflow-watcher") as told:
        Reader(path)
    assert "Start the program once" in str(told.value.hint)
    assert shape(path) == before
    with open(path, "rb") as file:
        assert int.from_bytes(file.read(64)[60:64], "big") == version  # PRAGMA user_version
    Journal(path).close()
    reader = Reader(path)
    assert len(reader.history(limit=100)) == sum(reader.counts().values()) > 0
    with pytest.raises(JournalError, match="read"):
        reader.write("DELETE FROM files")
    reader.close()


def test_a_journal_of_a_newer_program_is_left_alone(path):
    Journal(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    for kind in (Journal, Reader):
        with pytest.raises(JournalError, match="written by a newer hrflow-watcher") as told:
            kind(path)
        assert "Install the newer version again" in str(told.value.hint)


def test_reasons_from_before_they_were_messages_are_shown_as_they_are(path):
    """Only those that the program compares are other words for the same from then on."""
    make(path, 2)
    connection = sqlite3.connect(path)
    old = dict(connection.execute("SELECT id, why FROM files"))
    old[6] = "is ignored because you said so"
    old[1] = "uploaded, result unknown yet"
    connection.execute("UPDATE files SET state = 'ignored', why = ? WHERE id = 6", (old[6],))
    connection.execute("UPDATE files SET state = 'accepted', why = ? WHERE id = 1", (old[1],))
    connection.commit()
    connection.close()
    journal = Journal(path)
    found = {number: journal.store.entry(number).why for number in old}
    journal.close()
    assert (found.pop(6), found.pop(1)) == (IGNORED_BY_USER, NOT_YET)
    assert any(found.values())
    assert found == {number: verbatim(old[number]) for number in found}


def test_reasons_that_are_compared_follow_their_new_words(path):
    make(path, 4)
    old = {
        1: ("accepted", '{"id":"uploaded, result not known yet"}', NOT_YET),
        5: (
            "held", '{"id":"was already in the folder and is waiting for your approval"}',
            EXISTING_WAITS,
        ),
        6: ("ignored", '{"id":"ignored by you"}', IGNORED_BY_USER),
    }  # fmt: skip
    connection = sqlite3.connect(path)
    for number, (state, why, _) in old.items():
        connection.execute("UPDATE files SET state = ?, why = ? WHERE id = ?", (state, why, number))
    connection.commit()
    connection.close()
    journal = Journal(path)
    found = {number: journal.store.entry(number).why for number in old}
    journal.close()
    assert found == {number: new for number, (_, _, new) in old.items()}


def test_files_are_found_by_a_reason_whether_it_was_stored_as_text_or_as_a_message(path):
    make(path, 2)
    journal = Journal(path)
    journal.files.step(8, Step(State.REFUSED, msg("is empty")), 1790000005.0)
    journal.commit()
    journal.close()
    reader = Reader(path)
    found = [
        {entry.file_id for entry in reader.history(Filter(why=why))}
        for why in (msg("is empty"), verbatim("is empty"), verbatim("no text in it"))
    ]
    reader.close()
    assert found == [{3, 8}, {3}, {7}]


@pytest.mark.parametrize("version", EVERY)
def test_every_reason_of_an_old_journal_can_be_read(path, version):
    make(path, version)
    Journal(path).close()
    reader = Reader(path)
    for entry in reader.history(limit=50):
        assert [str(why) for _, _, why in reader.events(entry.file_id)][-1:] != [
            ""
        ] or not entry.why
    assert reader.held()
    reader.close()
